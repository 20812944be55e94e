"""Another host takes the edge's place, by a key of its own, while people talk; and back."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from greygate.lab import names, world
from greygate.lab.weather import Kind, Weather
from greygate.lab.world import World
from greygate.plan.records import EDGE_TTL
from lab.federation import NAME, Sealed, federation, greygate, run, status
from lab.talking import Pair
from lab.traffic import talk_while
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

EDGE, SPARE = "203.0.113.10", "203.0.113.14"
HOSTS = {EDGE: "edge", SPARE: "spare"}
SITE = "/etc/greygate/site.toml"
BLACKOUT, CLEAR = Weather(Kind.BLACKOUT), Weather(Kind.CLEAR)
MOVES = int(os.environ.get("GREYGATE_MOVES", "1"))  # in a row; one takes four minutes
GAP = 30.0  # seconds after which what is said comes again, once the old host is gone
KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], 18448), 4, (sys.argv[2], 0)).recv(1)
    print("let in")
except OSError as problem:
    print(type(problem).__name__)
"""


@pytest.fixture(scope="module", autouse=True)
def restored(sealed: Sealed) -> Iterator[None]:
    """The edge where it was, for what follows, whatever failed here."""
    yield
    world.change_weather(sealed.lab, "spare", CLEAR)
    run(sealed.lab, "spare", "systemctl", "stop", "webserver")
    if EDGE not in run(sealed.lab, "home", "cat", SITE).stdout:
        _move(sealed, EDGE)
    elif not _is_joined(sealed.lab, "edge"):
        greygate(sealed.lab, "edge", "edge", "join", given=sealed.token)
    if _is_joined(sealed.lab, "spare"):
        greygate(sealed.lab, "spare", "edge", "leave", "--yes")
    wait_until(lambda: _comes_in_by(sealed.lab, EDGE), within=60, what="it is as it was")


def _is_joined(lab: World, host: str) -> bool:
    return (lab.places.root(host) / "etc/systemd/system/greygate-haproxy.service").exists()


def _publish(lab: World) -> None:
    names.publish(lab.places, {NAME: greygate(lab, "home", "dns", "plan", "--format", "zone")})


def _doors(lab: World) -> set[str]:
    (edge,) = status(lab)["edges"]
    return {door["address"] for door in edge["doors"] if door["answers"] == 200}


def _comes_in_by(lab: World, address: str) -> bool:
    return federation(lab)["reachable"] == "yes" and _doors(lab) == {address}


def _move(sealed: Sealed, address: str, *more: str, keep: int = 1) -> Any:
    """As it is documented: move, make the new host the edge, publish."""
    words = ("edge", "move", "edge1", address, "--keep", str(keep), "--yes", "--json")
    told = json.loads(greygate(sealed.lab, "home", *words))
    joined = greygate(sealed.lab, HOSTS[address], "edge", "join", *more, given=sealed.token)
    assert "home has dialled" in joined
    _publish(sealed.lab)
    return told


def _serve_the_web(lab: World) -> None:
    """On the spare host, at port 443."""
    serve = ("python3", "-m", "http.server", "443", "-d", "/srv")
    run(lab, "spare", "systemd-run", "--unit=webserver", *serve)
    opens = ("python3", "-c", "import socket; socket.create_connection(('127.0.0.1', 443))")
    wait_until(lambda: run(lab, "spare", *opens).returncode == 0, within=20, what="it serves")


def test_a_port_that_a_web_server_has_is_told_with_its_owner(sealed: Sealed) -> None:
    _serve_the_web(sealed.lab)
    said = greygate(sealed.lab, "spare", "edge", "join", given=sealed.token, fails=True)
    assert "port 443 is taken by python3" in said
    assert "webserver.service" in said
    assert "--ports 8448" in said
    assert not _is_joined(sealed.lab, "spare")
    run(sealed.lab, "spare", "systemctl", "stop", "webserver")


@pytest.mark.parametrize("number", range(MOVES))
def test_an_edge_moves_while_people_talk_and_the_old_host_goes_on_running(
    sealed: Sealed, pair: Pair, talking: str, number: int
) -> None:
    """Nothing is lost and nobody waits; at its moment the old host is barred without its help."""
    lab = sealed.lab
    old, new = (EDGE, SPARE) if number % 2 == 0 else (SPARE, EDGE)
    former = status(lab)["edges"][0]["address"]
    until: list[float] = []

    def moves() -> None:
        # Time enough to join and to publish on a busy machine: before that nobody can follow.
        told = _move(sealed, new, keep=2)
        (left,) = status(lab)["left_hosts"]
        assert (left["addresses"], left["overlay"], told["new_key"]) == ([old], former, True)
        until.append(_seconds(left["until"]))
        while time.time() < until[0] + 5:  # both are there, and then one
            time.sleep(1)

    told = talk_while(pair, talking, f"move {number}", moves, count=100, every=1.5)
    assert told.there.decrypted
    assert told.back.decrypted
    assert told.longest < GAP
    assert _comes_in_by(lab, new)
    # It runs still: that is named, and no more than that.
    assert [(it["addresses"], it["barred"]) for it in status(lab)["left_hosts"]] == [([old], True)]
    # Two hosts run, each with its own key: the old one is refused, and in nobody's way.
    assert _is_joined(lab, HOSTS[old])
    assert _let_in(lab, HOSTS[old], former) != "let in"
    gone = f"tls://{old}"
    wait_until(
        lambda: not any(it["uri"].startswith(gone) for it in status(lab)["overlay"]["peers"]),
        within=100,
        what="home has left it",
    )
    after = talk_while(pair, talking, f"after move {number}", lambda: None, count=4)
    assert after.longest < GAP


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def _let_in(lab: World, host: str, source: str) -> str:
    """What becomes of a connection from that edge to the ingress."""
    home = status(lab)["addresses"][0]["address"]
    return run(lab, host, "python3", "-c", KNOCK, home, source).stdout.strip()


def test_an_edge_dies_without_a_word_and_another_takes_its_place(
    sealed: Sealed, pair: Pair, talking: str
) -> None:
    """A connection to who died takes Synapse a minute to give up; what begins anew comes in."""
    lab = sealed.lab
    if not _comes_in_by(lab, SPARE):
        _move(sealed, SPARE)

    def dies() -> None:
        world.change_weather(lab, "spare", BLACKOUT)
        _move(sealed, EDGE)
        published.append(time.time())

    published: list[float] = []
    told = talk_while(pair, talking, "the edge dies", dies, count=12, every=0.5)

    assert told.there.decrypted
    assert told.back.decrypted
    assert max(told.there.last, told.back.last) < published[0] + EDGE_TTL + GAP
    # It comes back a day later, with its old key: home does not know it any more.
    wait_until(lambda: status(lab)["left_hosts"] == [], within=90, what="its moment")
    world.change_weather(lab, "spare", CLEAR)
    wait_until(
        lambda: [it["addresses"] for it in status(lab)["left_hosts"]] == [[SPARE]],
        within=30,
        what="it is named",
    )
    assert _comes_in_by(lab, EDGE)
    after = talk_while(pair, talking, "the dead is back", lambda: None, count=4)
    assert after.longest < GAP
