"""Home's own line: it changes its network while people talk, and it has no way out at all."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from greygate.lab import world
from greygate.lab.weather import Kind, Weather
from greygate.lab.world import World
from lab.federation import federation, run, status
from lab.talking import Pair
from lab.traffic import talk_while
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

SAY = "import socket, sys; socket.socket(socket.AF_INET6, 2).sendto(b'', (sys.argv[1], 9))"


@pytest.fixture
def carried_back(internet: World) -> Iterator[None]:
    yield
    world.move(internet, "home", "router")
    wait_until(lambda: _all_is_well(internet), within=90, what="home is back where it was")


@pytest.mark.usefixtures("carried_back")
def test_the_conversation_goes_on_from_another_network(
    internet: World, pair: Pair, talking: str
) -> None:
    told = talk_while(pair, talking, "home moves", lambda: world.move(internet, "home", "cafe"))
    assert told.there.decrypted
    assert told.back.decrypted


def test_a_home_without_a_way_out_says_so(internet: World) -> None:
    asked = run(internet, "friend", "yggdrasilctl", "-json", "getSelf")
    friend = json.loads(asked.stdout)["address"]
    world.change_weather(internet, "home", Weather(Kind.BLACKOUT))
    try:
        wait_until(lambda: _has_no_way_out(internet, friend), within=90, what="it says so")
        assert "no overlay peer is up" in status(internet)["people"]["cause"]
        assert "ip route get" in federation(internet)["cure"]
    finally:
        world.change_weather(internet, "home", Weather(Kind.CLEAR))
    wait_until(lambda: _all_is_well(internet), within=90, what="both are back")


def _has_no_way_out(lab: World, friend: str) -> bool:
    """Something is sent each time: a link on which nobody speaks is not seen to end."""
    run(lab, "home", "python3", "-c", SAY, friend)
    return "no way out" in federation(lab)["cause"]


def _all_is_well(lab: World) -> bool:
    seen = status(lab)
    return {seen["federation"]["reachable"], seen["people"]["reachable"]} == {"yes"}
