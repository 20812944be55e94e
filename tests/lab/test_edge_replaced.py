"""Another host takes the edge's place, by the same token, while people talk; and the other way."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from greygate.lab import names, world
from greygate.lab.weather import Kind, Weather
from greygate.lab.world import World
from lab.federation import NAME, Sealed, federation, greygate, run, status
from lab.talking import Pair
from lab.traffic import talk_while
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

EDGE, SPARE = "203.0.113.10", "203.0.113.14"
SITE = "/etc/greygate/site.toml"
BLACKOUT, CLEAR = Weather(Kind.BLACKOUT), Weather(Kind.CLEAR)


@pytest.fixture(scope="module", autouse=True)
def restored(sealed: Sealed) -> Iterator[None]:
    """The edge where it was, for what follows, whatever failed here."""
    yield
    world.change_weather(sealed.lab, "spare", CLEAR)
    run(sealed.lab, "spare", "systemctl", "stop", "webserver")
    if not _is_joined(sealed.lab, "edge"):
        greygate(sealed.lab, "edge", "edge", "join", given=sealed.token)
    if _is_joined(sealed.lab, "spare"):
        greygate(sealed.lab, "spare", "edge", "leave", "--yes")
    if EDGE not in run(sealed.lab, "home", "cat", SITE).stdout:
        _point(sealed.lab, EDGE)
    wait_until(lambda: _comes_in_by(sealed.lab, EDGE), within=60, what="it is as it was")


def _is_joined(lab: World, host: str) -> bool:
    return (lab.places.root(host) / "etc/systemd/system/greygate-haproxy.service").exists()


def _point(lab: World, *addresses: str) -> None:
    """At home: other addresses of the edge, in the site file and in DNS."""
    greygate(lab, "home", "edge", "move", "edge1", *addresses, "--yes")
    names.publish(lab.places, {NAME: greygate(lab, "home", "dns", "plan", "--format", "zone")})


def _comes_in_by(lab: World, address: str) -> bool:
    seen = status(lab)
    doors = {door["address"] for door in seen["edges"][0]["doors"] if door["answers"] == 200}
    return seen["federation"]["reachable"] == "yes" and doors == {address}


def _replace(sealed: Sealed, host: str, address: str, *more: str) -> None:
    """Join there by the same token; home is told meanwhile."""
    with ThreadPoolExecutor(1) as pool:
        words = ("edge", "join", *more)
        joining = pool.submit(greygate, sealed.lab, host, *words, given=sealed.token)
        _point(sealed.lab, address)
        assert "home has dialled" in joining.result()


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


def test_an_edge_moves_while_people_talk(sealed: Sealed, pair: Pair, talking: str) -> None:
    """To a host where a web server has port 443: 8448 alone is enough."""
    _serve_the_web(sealed.lab)

    def moves() -> None:
        _replace(sealed, "spare", SPARE, "--ports", "8448")
        greygate(sealed.lab, "edge", "edge", "leave", "--yes")

    told = talk_while(pair, talking, "the edge moves", moves, count=12, every=0.5)

    assert told.there.decrypted
    assert told.back.decrypted
    wait_until(lambda: _comes_in_by(sealed.lab, SPARE), within=60, what="it comes in there")
    assert "not at 203.0.113.14 443" in federation(sealed.lab)["cause"]


def test_an_edge_dies_without_a_word_and_another_takes_its_place(
    sealed: Sealed, pair: Pair, talking: str
) -> None:
    """Back to where it was before; a connection to who died takes Synapse a minute to give up."""
    if not _comes_in_by(sealed.lab, SPARE):
        _replace(sealed, "spare", SPARE)
        greygate(sealed.lab, "edge", "edge", "leave", "--yes")

    def dies() -> None:
        world.change_weather(sealed.lab, "spare", BLACKOUT)
        _replace(sealed, "edge", EDGE)

    told = talk_while(pair, talking, "the edge dies", dies, count=12, every=0.5)

    assert told.there.decrypted
    assert told.back.decrypted
