"""What one cheap stranger can do to federation: from many /64 of one network, at the real edge.

The figures of a run are told at its end (`-rA` shows them); docs/separation.md has those of one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from greygate.lab import hosts, links, world
from greygate.lab.topology import BACKBONE
from greygate.lab.world import World
from lab.federation import NAME, Sealed, run
from lab.waiting import wait_until
from separation.signing import Signer

pytestmark = pytest.mark.lab

EDGE = "2001:db8:10::2"
ATTACKER = "outsider"  # who has, besides its own, half of the /48 that `remote` has a /64 of
SHARED = "2001:db8:30:8000::/49"
WITHIN_56, APART = 1, 0x100  # between two /64: side by side, or each in a /56 of its own
KNOWN, STRANGER = "remote", "friend"  # one with the attacker's network, one without
QUIET, HELD = 10, 40  # seconds
FACTOR = 10  # how many times as long as before an answer may take
LEAST = 30.0  # milliseconds: below that a busy machine's p95 says little
REMOTE = "remote.example"
GROWTH = 500  # MB of Synapse, at the most


@dataclass(frozen=True, slots=True)
class Figures:
    """How it went for one who asked all the while."""

    took: Sequence[float]
    failures: Sequence[str]

    def at(self, share: float) -> float:
        return sorted(self.took)[min(len(self.took) - 1, int(share * len(self.took)))]

    def __str__(self) -> str:
        p50, p95 = self.at(0.5), self.at(0.95)
        return f"{len(self.took)} answers, p50 {p50:.0f} ms, p95 {p95:.0f} ms, {self.failures}"


@pytest.fixture(scope="module")
def shared(sealed: Sealed) -> Iterator[World]:
    """The sealed world in which the attacker has a part of the remote server's /48."""
    lab = sealed.lab
    backbone, ours = lab.places.label(BACKBONE), ("local", SHARED, "dev", "lo")
    way = ("ip", "-6", "route", "replace", SHARED, "via", "2001:db8:105::2")
    links.inside(backbone, way)
    _must(lab, ATTACKER, "ip", "-6", "route", "replace", *ours)
    for host, name in ((ATTACKER, "flood.py"), (KNOWN, "stopwatch.py"), (STRANGER, "stopwatch.py")):
        text = Path(__file__).with_name(name).read_bytes()
        (lab.places.root(host) / "srv" / name).write_bytes(text)
    try:
        yield lab
    finally:
        links.inside(backbone, ("ip", "-6", "route", "del", SHARED))
        run(lab, ATTACKER, "ip", "-6", "route", "del", *ours)


@pytest.fixture
def known(shared: World) -> World:
    """The remote server has signed something that was answered with 200, by its own address."""
    key = shared.places.root(KNOWN) / "etc/matrix-synapse/signing.key"
    target = "/_matrix/federation/v1/send/strangers"
    content = {"origin": REMOTE, "origin_server_ts": 1732500000000, "pdus": [], "edus": []}
    header = Signer.of(REMOTE, key).header("PUT", target, NAME, content).decode()
    to = ("--connect-to", f"{NAME}:8448:[{EDGE}]:8448", "--max-time", "10", "-s", "-o", "/dev/null")
    said = ("-X", "PUT", "-H", header, "-H", "Content-Type: application/json", "-d", "@-")
    url = f"https://{NAME}:8448{target}"

    def answered() -> bool:
        asked = ("curl", *to, "-w", "%{http_code}", *said, url)
        return run(shared, KNOWN, *asked, given=json.dumps(content)).stdout == "200"

    wait_until(answered, within=60, what="the remote server is answered")
    return shared


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "stride", "subnets", "each"),
    [
        ("silence", WITHIN_56, 9, 50),
        ("hello", WITHIN_56, 9, 50),
        ("get", WITHIN_56, 9, 50),
        ("put", WITHIN_56, 9, 50),
        ("large", WITHIN_56, 9, 50),
        ("silence", APART, 100, 10),
        ("hello", APART, 100, 10),
        ("put", APART, 100, 10),
    ],
)
def test_no_network_keeps_others_waiting(
    known: World, kind: str, stride: int, subnets: int, each: int
) -> None:
    quiet = _timed(known, QUIET)
    with _flood(known, kind, stride, subnets, each) as attack:
        held = _timed(known, HELD - 10)
        came = _ended(attack)
    after = _timed(known, QUIET)
    _tell(f"{kind} from {subnets} /64, {each} each", quiet, held, after, came)
    for host in (KNOWN, STRANGER):
        assert held[host].failures == []
        assert held[host].at(0.95) <= FACTOR * max(quiet[host].at(0.95), LEAST)


@pytest.mark.parametrize("size", [16_000_000, 3_900_000])
def test_much_json_of_nothing_fills_no_memory(known: World, size: int) -> None:
    quiet, before = _timed(known, QUIET), _memory(known)
    with _flood(known, "json", APART, 4, 1, str(size)) as attack:
        held = _timed(known, HELD - 10)
        came = _ended(attack)
    grown = _memory(known) - before
    _tell(f"{size} octets of JSON, 4 at once", quiet, held, {}, came)
    sys.stdout.write(f"Synapse: {before} MB before, {grown} MB more at the most\n")
    assert grown < GROWTH
    for host in (KNOWN, STRANGER):
        assert held[host].failures == []
        assert held[host].at(0.95) <= FACTOR * max(quiet[host].at(0.95), LEAST)


@contextmanager
def _flood(
    lab: World, kind: str, stride: int, subnets: int, each: int, *more: str
) -> Iterator[subprocess.Popen[str]]:
    words = (kind, EDGE, NAME, str(stride), str(subnets), str(each), str(HELD), *more)
    argv = world.command_in(lab, ATTACKER, ("python3", "/srv/flood.py", *words))
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as attack:
        try:
            wait_until(lambda: attack.poll() is None, within=5, what="it has begun")
            subprocess.run(("sleep", "4"), check=True)
            yield attack
        finally:
            attack.terminate()


def _ended(attack: subprocess.Popen[str]) -> str:
    """What came of it, once it has ended; an attack that nobody noticed proves nothing."""
    told, _ = attack.communicate(timeout=HELD + 30)
    assert attack.returncode == 0
    came = json.loads(told)
    assert came.get("lost", 0) < sum(came.values()) / 2, told
    return told


def _timed(lab: World, seconds: int) -> dict[str, Figures]:
    """Of those who ask all the while, side by side."""
    asking = {
        host: subprocess.Popen(
            world.command_in(lab, host, ("python3", "/srv/stopwatch.py", EDGE, NAME, str(seconds))),
            stdout=subprocess.PIPE,
            text=True,
        )
        for host in (KNOWN, STRANGER)
    }
    return {host: Figures(**json.loads(it.communicate()[0])) for host, it in asking.items()}


def _memory(lab: World) -> int:
    """MB that Synapse has had at the most."""
    told = _must(lab, "home", "systemctl", "show", "-P", "MainPID", "greygate-synapse")
    status = _must(lab, "home", "cat", f"/proc/{told.strip()}/status")
    (line,) = (it for it in status.splitlines() if it.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def _tell(
    what: str,
    quiet: dict[str, Figures],
    held: dict[str, Figures],
    after: dict[str, Figures],
    came: str,
) -> None:
    for name, figures in (("before", quiet), ("meanwhile", held), ("after", after)):
        for host, it in figures.items():
            sys.stdout.write(f"{what}: {host} {name}: {it}\n")
    sys.stdout.write(f"{what}: what came of the stranger: {came}\n")


def _must(lab: World, host: str, *argv: str) -> str:
    done = hosts.execute(host, lab.places, argv)
    assert done.returncode == 0, done.stderr
    return done.stdout
