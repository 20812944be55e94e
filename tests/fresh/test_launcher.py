"""`./greygate` on machines that have nothing: no Python, no certificates, no apt lists."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fresh.bare import INSIDE, Machine
from fresh.conftest import Bare, Started

pytestmark = pytest.mark.fresh

LAUNCHER = f"{INSIDE}/greygate"
RELEASES = ("bookworm", "trixie")
STATE = "var/lib/greygate/env"
PEOPLE = ("setpriv", "--reuid=1000", "--regid=1000", "--clear-groups")


@pytest.mark.parametrize("release", RELEASES)
def test_it_brings_its_python_and_starts_again_without_a_network(bare: Bare, release: str) -> None:
    machine = bare(release)
    first = machine.run([LAUNCHER, "--version"])
    assert first.returncode == 0, first.stdout
    assert "installing python3 python3-venv ca-certificates with apt: " in first.stdout
    assert "each checked against its hash" in first.stdout
    assert f"\n    '{LAUNCHER}' up" in machine.run([LAUNCHER, "--help"]).stdout
    link = f"ln -s '{LAUNCHER}' /usr/local/bin/greygate && cd / && exec env -i PATH=$PATH greygate"
    second = machine.offline(["sh", "-c", f"{link} --version"])
    assert "greygate:" not in second
    assert second.splitlines()[0] in first.stdout
    assert "\n    greygate up" in machine.offline(["greygate", "--help"])


def test_it_goes_on_after_being_killed_at_any_moment(started: Started) -> None:
    """Each time it finds what the one before has left."""
    machine = started("bookworm")
    machine.run(["rm", "-rf", "/var/lib/greygate"])
    killed = [
        machine.run(["timeout", "--signal=KILL", moment, LAUNCHER, "--version"])
        for moment in ("4.5", "0.2", "1.5", "6", "3")
    ]
    again = machine.run([LAUNCHER, "--version"])
    assert again.returncode == 0, f"{[it.stdout for it in killed]}: {again.stdout}"


def test_two_at_once_make_one_environment(started: Started) -> None:
    machine = started("bookworm")
    machine.run(["rm", "-rf", "/var/lib/greygate"])
    both = f"'{LAUNCHER}' --version & '{LAUNCHER}' --version && wait $!"
    done = machine.run(["sh", "-c", both])
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("fetching") == 1
    assert "waiting for another run" in done.stdout


def test_without_root_it_says_what_to_install(bare: Bare) -> None:
    done = bare("trixie").run([*PEOPLE, LAUNCHER, "--version"], env={"HOME": "/tmp"})
    assert done.returncode == 3
    assert "cannot start: Python 3.11 or newer with its venv module is needed" in done.stdout
    assert "apt-get install --no-install-recommends python3 python3-venv" in done.stdout


def test_without_root_it_keeps_its_environment_at_home(started: Started) -> None:
    machine = started("trixie")
    home = machine.root / "home/anna"
    home.mkdir()
    os.chown(home, 1000, 1000)
    done = machine.run([*PEOPLE, LAUNCHER, "--version"], env={"HOME": "/home/anna"})
    assert done.returncode == 0, done.stdout
    assert (home / ".local/share/greygate/env").is_dir()


def test_without_a_network_it_says_so(bare: Bare, started: Started) -> None:
    said = bare("trixie").offline([LAUNCHER])
    assert "cannot install python3 python3-venv ca-certificates: " in said
    machine = started("trixie")
    machine.run(["rm", "-rf", "/var/lib/greygate", "/root/.cache"])
    said = machine.offline([LAUNCHER, "--version"])
    assert "the package index cannot be reached" in said
    assert "run this again: it goes on" in said


def test_a_full_disk_is_named_and_nothing_half_is_used(started: Started) -> None:
    machine = started("trixie")
    machine.run(["rm", "-rf", "/var/lib/greygate"])
    small = ("--tmpfs=/var/lib/greygate:size=30M", "--resolv-conf=bind-host")
    done = machine.run([LAUNCHER, "--version"], options=small)
    assert done.returncode == 3, done.stdout
    assert "the disk that holds /var/lib/greygate is full" in done.stdout


def test_nothing_is_written_into_the_clone(bare: Bare) -> None:
    machine = bare("trixie")
    clone = machine.root / "clone"
    _copy(machine, clone)
    before = sorted(clone.rglob("*"))
    assert machine.run(["/clone/greygate", "--version"]).returncode == 0
    assert sorted(clone.rglob("*")) == before


def _copy(machine: Machine, clone: Path) -> None:
    wanted = f"cd '{INSIDE}' && cp -r greygate locks src /clone"
    clone.mkdir()
    assert machine.run(["sh", "-c", wanted]).returncode == 0
