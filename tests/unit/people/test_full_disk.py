"""A real Synapse whose disk is full: what an owner is told of it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from greygate.errors import Trouble
from greygate.machine import disk
from greygate.people import admin, invitations
from greygate.people.session import session
from greygate.plan.paths import Paths
from greygate.plan.plan import plan_for
from real_synapse import RealSynapse, a_place, prepare, running, standalone_site

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk"),
]

SIZE = 40_000_000  # octets of the whole disk; a new server has 15 MB on it


@pytest.fixture
def on_a_small_disk(engine: PurePosixPath) -> Iterator[RealSynapse]:
    with a_place() as paths:
        Path(paths.state).mkdir()
        mount = ("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(paths.state))
        subprocess.run(mount, check=True)
        try:
            site = standalone_site()
            plan = plan_for(
                site, paths=paths, address=None, interface=None, engine=engine, accounts=False
            )
            prepare(site, plan)
            with running(site, plan):
                yield RealSynapse(paths, plan)
        finally:
            subprocess.run(("umount", "--lazy", str(paths.state)), check=True)


def test_a_full_disk_is_told_in_place_of_what_synapse_says(on_a_small_disk: RealSynapse) -> None:
    paths = on_a_small_disk.paths
    with session(paths) as server:
        admin.add(server, "anna")  # while there is room
    filler = fill(paths)
    for act in (
        lambda server: admin.add(server, "boris"),
        lambda server: invitations.new(server, now=on_a_small_disk.now),
    ):
        full = pytest.raises(Trouble, match=r"the disk of .*state is full")
        with full as trouble, session(paths) as server:
            act(server)
        assert "df -h" in trouble.value.hint
    filler.unlink()
    with session(paths) as server:
        assert admin.add(server, "boris").person.localpart == "boris"


def fill(paths: Paths) -> Path:
    """The whole disk, but for what a page holds."""
    filler = Path(paths.state / "filler")
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"x" * 4096)
        except OSError:
            pass
    assert disk.room(paths.state).full
    return filler
