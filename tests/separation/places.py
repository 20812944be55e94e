"""From where one shoots in the sealed world, at which doors, and what is behind each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, zip_longest
from pathlib import Path

import some_sites
from greygate.lab import world
from greygate.lab.world import World
from greygate.plan.edges import PEER, peer_name
from greygate.plan.policy import policy_for
from greygate.site.model import Layout
from lab.federation import EDGE, NAME, overlay_address, run
from lab.waiting import wait_until
from separation import forged
from separation.judge import Answer, Rules, faults
from separation.shooting import Shooter
from separation.shots import Door, Expected, Shot, plain
from separation.synapse_log import LOG_CONFIG, SynapseLog, listeners
from separation.table import FEDERATION_ONLY, PEOPLE
from separation.techniques import AIMS, VERSION

EDGE_4, EDGE_6 = "203.0.113.10", "2001:db8:10::2"
INGRESS = 18448
NAMES = {"own": NAME, "client": f"m.{NAME}", "edge": EDGE, "peer": peer_name(EDGE, PEER)}
SETTINGS = "var/lib/greygate/synapse.d"
ARRIVALS = "var/lib/greygate/synapse/arrivals.log"
RENDERED = "var/lib/greygate/rendered/synapse/homeserver.yaml"

_SITE, _PLAN = some_sites.federating(Layout.NONE)
FROM_CLEARNET = Rules("federation", FEDERATION_ONLY, policy_for(_SITE))
FROM_OVERLAY = Rules("client", PEOPLE, policy_for(_SITE))


@dataclass(frozen=True, slots=True)
class Place:
    """One host, with its ways to our server."""

    name: str
    shooter: Shooter
    log: SynapseLog
    doors: Mapping[str, Door]
    rules: Rules = FROM_CLEARNET

    def judged(self, shots: Sequence[Shot], rules: Rules | None = None) -> list[str]:
        """Fire, and tell what should not have been."""
        return self.judged_with_answers(shots, rules or self.rules)[0]

    def judged_with_answers(
        self, shots: Sequence[Shot], rules: Rules
    ) -> tuple[list[str], dict[str, Answer]]:
        """The same, and what was answered; a shot that must arrive is the last."""
        self.log.arrivals()
        answers = self.shooter.fire(shots)
        last = self.control()
        answers |= self.shooter.fire([last])
        arrivals = self.log.until(last)
        its_own = [it for it in arrivals if last.mark in it.marks]
        rest = [it for it in arrivals if last.mark not in it.marks]
        told = faults(shots, answers, rest, rules)
        return [*told, *faults([last], answers, its_own, self.rules)], answers

    def control(self) -> Shot:
        """What anybody may ask: where it does not arrive, nothing else proves anything."""
        door = next(iter(self.doors.values()))
        return plain(door, "GET", VERSION, kind="must", name="control", expected=Expected.ONCE)


@contextmanager
def watched(lab: World) -> Iterator[SynapseLog]:
    """Home's Synapse, told by an operator's settings to note whatever reaches it, on which socket.

    Its listeners stay as they are, but that the federation's logs its socket as who asks.
    """
    home = lab.places.root("home")
    config = home / SETTINGS / "arrivals.log-config"
    settings = home / SETTINGS / "arrivals.yaml"
    config.write_text(LOG_CONFIG.format(file=f"/{ARRIVALS}"))
    settings.write_text(
        f"log_config: /{SETTINGS}/{config.name}\n{listeners((home / RENDERED).read_text())}"
    )
    try:
        _restart(lab)
        yield SynapseLog(home / ARRIVALS)
    finally:
        settings.unlink()
        config.unlink()
        _restart(lab)
        (home / ARRIVALS).unlink(missing_ok=True)


@contextmanager
def place(lab: World, name: str, log: SynapseLog) -> Iterator[Place]:
    script = "srv/shooter.py"
    (lab.places.root(name) / script).write_bytes(
        Path(__file__).with_name("shooter.py").read_bytes()
    )
    with Shooter(world.command_in(lab, name, ("python3", f"/{script}"))) as shooter:
        yield Place(name, shooter, log, _doors(name, overlay_address(lab)))


def alternating(*volleys: Sequence[Shot]) -> list[Shot]:
    """One volley of several, so that none waits for the other's pace."""
    mixed = chain.from_iterable(zip_longest(*volleys))
    return [shot for shot in mixed if shot is not None]


def from_many(shots: Sequence[Shot]) -> list[Shot]:
    """An edge may tell of any source, and a network may ask so much: here each asks 300 times."""
    return [
        replace(shot, door=replace(shot.door, proxy=forged.honest(f"203.0.{100 + it // 300}.40")))
        for it, shot in enumerate(shots)
    ]


def from_loopback(shots: Sequence[Shot]) -> list[Shot]:
    """A host has many addresses for itself, and its own doors count each by itself."""
    return [
        replace(shot, door=replace(shot.door, source=f"127.0.0.{2 + it // 100}"))
        for it, shot in enumerate(shots)
    ]


def closed_aims(rules: Rules) -> list[str]:
    """What is closed there."""
    return [aim for aim in AIMS if not rules.way.forwards("GET", aim)]


def _doors(name: str, home: str) -> dict[str, Door]:
    # Below what the edge and home let one source do, and one stranger on the overlay.
    edge_4 = Door(to=(EDGE_4, 8448), names=NAMES, sni=NAME, connections=18, requests=95)
    edge_6 = replace(edge_4, to=(EDGE_6, 443))
    overlay = Door(to=(home, 443), names=NAMES, sni=NAMES["client"], connections=55, requests=95)
    # An edge has 150 connections in a second; of strangers 1000 requests in 10 s.
    ingress = Door(
        to=(home, INGRESS), names=NAMES, sni=NAME, proxy=forged.honest(), connections=100
    )
    match name:
        case "outsider":
            return {"edge": edge_4, "edge, the other family": edge_6}
        case "friend":
            return {"edge": edge_4, "edge, the other family": edge_6, "overlay": overlay}
        case _:
            own = replace(edge_4, to=("127.0.0.1", 8448), connections=0, requests=0)
            shut = replace(overlay, patience=0.5)
            return {"ingress": ingress, "edge": own, "overlay": shut}


def _restart(lab: World) -> None:
    done = run(lab, "home", "systemctl", "restart", "greygate-synapse")
    assert done.returncode == 0, done.stderr
    where = ("--connect-to", f"{NAME}:8448:{EDGE_4}:8448", "--max-time", "5", "-sS", "-f")
    asked = ("curl", *where, f"https://{NAME}:8448{VERSION}")
    wait_until(
        lambda: run(lab, "outsider", *asked).returncode == 0, within=30, what="Synapse is back"
    )
