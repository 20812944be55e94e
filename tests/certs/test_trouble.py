"""What goes wrong names its cause, and what serves goes on serving."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from acme_rig.rig import Rig
from greygate.certs.issue import issue, rehearsed
from greygate.certs.kept import Kept
from greygate.errors import Trouble
from greygate.probe.authority import Servers
from greygate.probe.dns import Place, Resolver
from greygate.progress import Progress, Silent
from orders_apart import issuing
from some_orders import CHALLENGES, Orders, Watching, orders

pytestmark = pytest.mark.acme


@pytest.fixture
def serving(issued: Orders) -> Iterator[Orders]:
    """A certificate is in place, and must still be at the end."""
    before = issued.served
    yield issued
    assert issued.served == before


def trouble(acme: Orders, progress: Progress | None = None) -> Trouble:
    with pytest.raises(Trouble) as caught:
        issue(acme.ordering, progress or Silent())
    return caught.value


def test_the_authority_is_down(rig: Rig, tmp_path: Path) -> None:
    with rig.authority() as ca:
        pass
    with orders(rig, ca, tmp_path) as acme:
        told = trouble(acme)
        assert told.what.endswith("cannot be reached (connection refused)")
        assert ca.address in told.what


def test_the_authority_forgot_the_account(rig: Rig, tmp_path: Path) -> None:
    with rig.authority() as ca, orders(rig, ca, tmp_path) as acme:
        acme.lead()
        issue(acme.ordering, Silent())
        first = Kept(acme.paths, ca.directory).account()
    with rig.authority(ports=ca.ports), orders(rig, ca, tmp_path) as acme:
        acme.lead()
        watching = Watching()
        issue(acme.ordering, watching)
        second = Kept(acme.paths, ca.directory).account()
        assert first is not None
        assert second is not None
        assert (first.key, first.uri != second.uri) == (second.key, True)
        assert any("did not know our account any more" in it for it in watching.heard)


def test_the_zones_servers_are_silent(serving: Orders) -> None:
    with serving.rig.silent("knot"):
        began = time.monotonic()
        told = trouble(serving)
    assert "_acme-challenge.twinkle.example" in told.what or "twinkle.example" in told.what
    assert "time-out" in told.what or "SERVFAIL" in told.what
    assert time.monotonic() - began < 25


def test_acme_dns_is_silent(serving: Orders) -> None:
    with serving.rig.silent("acme-dns"):
        told = trouble(serving)
    assert "auth.example" in told.what or "acme-dns" in told.what


def test_the_credentials_are_lost(serving: Orders) -> None:
    Path(serving.paths.acme_dns).unlink()
    told = trouble(serving)
    assert "leads to" in told.what
    assert "publish in twinkle.example: name _acme-challenge  type CNAME" in told.hint


def test_the_credentials_are_not_those_of_the_server(serving: Orders) -> None:
    kept = json.loads(Path(serving.paths.acme_dns).read_bytes())
    for registrations in kept.values():
        for made in registrations.values():
            made["password"] = "x" * 40
    Path(serving.paths.acme_dns).write_text(json.dumps(kept))
    told = trouble(serving)
    assert "it says 401 forbidden" in told.what
    assert "CNAMEs" in told.hint


def test_the_alias_leads_astray(serving: Orders) -> None:
    serving.lead("m.twinkle.example", astray="somewhere.auth.example")
    told = trouble(serving)
    assert "the CNAME at _acme-challenge.m.twinkle.example leads to somewhere.auth" in told.what
    assert "name _acme-challenge.m  type CNAME" in told.hint


def test_the_alias_was_taken_away(serving: Orders) -> None:
    serving.rig.publish(CHALLENGES[0], "CNAME")
    told = trouble(serving)
    assert f"there is no CNAME at {CHALLENGES[0]}" in told.what


def test_the_alias_goes_in_a_circle(serving: Orders) -> None:
    serving.rig.publish(CHALLENGES[0], "CNAME", "round.twinkle.example.")
    serving.rig.publish("round.twinkle.example", "CNAME", f"{CHALLENGES[0]}.")
    told = trouble(serving)
    serving.rig.publish("round.twinkle.example", "CNAME")
    assert f"the aliases of {CHALLENGES[0]} lead in a circle" in told.what


def test_the_authority_sees_something_else_than_we(serving: Orders) -> None:
    """The alias is changed after our own rehearsal: the authority's words are passed on."""
    name = CHALLENGES[0]
    change = Watching(
        after="waiting until the zones' own",
        act=lambda: serving.rig.publish(name, "CNAME", "gone.auth.example."),
    )
    told = trouble(serving, change)
    assert "could not see that the names are ours (twinkle.example: " in told.what
    assert told.hint == "see what it would see: greygate cert issue --dry-run"


def test_silent_resolvers_cost_one_short_wait(issued: Orders) -> None:
    """One after the other they would cost two waits for each name."""
    usual = issued.ordering.resolvers
    with deaf() as one, deaf() as other:

        def silent(patience: float) -> Servers:
            places = (one, other)
            return tuple((str(place), Resolver(place, patience=patience)) for place in places)

        patience = 5.0  # a busy machine has as long for all else
        wanted = replace(issued.ordering, resolvers=(*usual, *silent(patience)))
        began = time.monotonic()
        rehearsed(wanted, Silent())
        assert time.monotonic() - began < 2 * patience
        rehearsed(replace(wanted, resolvers=(usual[0], *silent(1.0))), Silent())


@contextmanager
def deaf() -> Iterator[Place]:
    """The address of somebody who takes questions and answers none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("127.0.0.1", 0))
        yield ip_address("127.0.0.1"), int(channel.getsockname()[1])


def test_the_disk_is_full_when_it_is_written(issued: Orders) -> None:
    """What was issued is not lost: the next try takes it up, and orders nothing."""
    certificates, before = Path(issued.paths.certificates), issued.served
    with small_disk(certificates) as filler:
        told = trouble(issued, Watching(after="has issued it", act=filler))
        assert "cannot write" in told.what
        assert told.what.endswith("is full")
        assert issued.served == before
        (certificates / "filler").unlink()
        watching = Watching()
        issue(issued.ordering, watching)
        assert issued.served != before
        assert not any("ordering a certificate" in it for it in watching.heard)


@contextmanager
def small_disk(directory: Path) -> Iterator[Callable[[], None]]:
    """A disk of its own under the directory, with what is in it; yields what fills it up."""
    kept = directory.with_name("kept")
    shutil.copytree(directory, kept)
    mounting = ("mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(directory))
    subprocess.run(mounting, check=True)
    try:
        shutil.copytree(kept, directory, dirs_exist_ok=True)
        yield lambda: fill(directory / "filler")
    finally:
        subprocess.run(("umount", str(directory)), check=True)


def fill(path: Path) -> None:
    with suppress(OSError), path.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 512)


@pytest.mark.parametrize("clock", ["+60d", "-60d"])
def test_a_clock_that_is_far_off_is_named(issued: Orders, clock: str) -> None:
    before = issued.served
    done = issuing(issued, by=("faketime", "-f", clock))
    assert "is out of its time by our clock" in done.stderr
    assert issued.served == before


@pytest.mark.parametrize(
    ("when", "again"),
    [("has issued it", False), ("has seen it", False), ("zones' own servers", True)],
)
def test_killed_on_the_way(issued: Orders, when: str, again: bool) -> None:
    """What the authority holds of the order is taken up, and what serves serves."""
    before = issued.served
    done = issuing(issued, when)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert issued.served == before
    taken_up = Watching()
    issue(issued.ordering, taken_up)
    assert issued.served != before
    assert again == any("ordering a certificate" in it for it in taken_up.heard)
