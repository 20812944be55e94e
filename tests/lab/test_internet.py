"""The lab's internet: who reaches whom, names, certificates, the overlay, and the weather."""

from __future__ import annotations

import json
import subprocess

import pytest

from greygate.lab import groups, hosts, links, mounts, names, weather, world
from greygate.lab.topology import INTERNET
from greygate.lab.weather import Kind, Weather
from greygate.lab.world import World
from lab.conftest import Raise
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

REMOTE_URL = "https://remote.example{port}/_matrix/federation/v1/version"


@pytest.fixture(scope="module")
def internet(lab: Raise) -> World:
    return lab("internettest", INTERNET)


def run(lab: World, host: str, *argv: str) -> subprocess.CompletedProcess[str]:
    return hosts.execute(host, lab.places, argv)


def opens(lab: World, host: str, address: str, port: int) -> bool:
    """Whether the host can open that port; by Python, which every host has."""
    program = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"
    return run(lab, host, "python3", "-c", program, address, str(port)).returncode == 0


def test_every_host_boots_to_running(internet: World) -> None:
    assert {it.name: it.state for it in world.status(internet)} == {
        host.name: "running" for host in INTERNET.hosts
    }


@pytest.mark.parametrize("there", [("203.0.113.30", 443), ("203.0.113.30", 8448)])
def test_home_reaches_the_remote_through_its_router(
    internet: World, there: tuple[str, int]
) -> None:
    assert opens(internet, "home", *there)


@pytest.mark.parametrize("address", ["203.0.113.22", "192.168.50.2"])
def test_nobody_outside_opens_a_connection_to_home(internet: World, address: str) -> None:
    serve = ("python3", "-m", "http.server", "8765", "--bind", "0.0.0.0", "-d", "/srv")
    run(internet, "home", "systemd-run", "--unit=stray", *serve)
    wait_until(lambda: opens(internet, "home", "127.0.0.1", 8765), within=10, what="it listens")
    assert not opens(internet, "edge", address, 8765)


def test_names_resolve_on_every_host(internet: World) -> None:
    program = "import socket; print(socket.getaddrinfo('remote.example', 443)[0][4][0])"
    for host in INTERNET.hosts:
        if host.name != "names":
            said = run(internet, host.name, "python3", "-c", program)
            assert said.stdout.strip() in ("203.0.113.30", "2001:db8:30::2"), host.name


def test_a_published_zone_is_found_from_the_root(internet: World) -> None:
    records = "_matrix-fed._tcp.twinkle.example. SRV 10 0 8448 edge1.twinkle.example.\n"
    names.publish(internet.places, {"twinkle.example": records})
    asked = ("kdig", "+short", "SRV", "_matrix-fed._tcp.twinkle.example")

    def found() -> bool:
        answer = run(internet, "outsider", *asked).stdout.strip()
        return answer == "10 0 8448 edge1.twinkle.example."

    wait_until(found, within=15, what="the SRV record is found")


@pytest.mark.parametrize("port", ["", ":8448"])
def test_the_remote_server_answers_with_a_trusted_certificate(internet: World, port: str) -> None:
    url = REMOTE_URL.format(port=port)
    said = run(internet, "outsider", "curl", "--silent", "--show-error", "--max-time", "10", url)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["server"]["name"] == "Synapse"


def test_openssl_and_python_trust_it_too(internet: World) -> None:
    program = "import urllib.request, sys; print(urllib.request.urlopen(sys.argv[1]).status)"
    said = run(internet, "outsider", "python3", "-c", program, REMOTE_URL.format(port=""))
    assert said.stdout == "200\n", said.stderr


def test_the_friend_finds_the_public_peer_on_the_overlay(internet: World) -> None:
    told = run(internet, "peer", "yggdrasilctl", "-json", "getSelf").stdout
    address = json.loads(told)["address"]
    ping = ("ping", "-c", "1", "-W", "1", address)
    wait_until(
        lambda: run(internet, "friend", *ping).returncode == 0,
        within=60,
        what="the peer answers on the overlay",
    )


def test_the_public_peer_is_the_root_of_the_tree(internet: World) -> None:
    key = json.loads(run(internet, "peer", "yggdrasilctl", "-json", "getSelf").stdout)["key"]
    told = run(internet, "friend", "yggdrasilctl", "-json", "getTree").stdout
    parents = {it["key"]: it["parent"] for it in json.loads(told)["tree"]}
    assert parents[key] == key
    assert len(parents) > 1


def test_home_moves_to_another_network_and_back(internet: World) -> None:
    for router, address in (("cafe", "203.0.113.26"), ("router", "203.0.113.22")):
        world.move(internet, "home", router)
        assert opens(internet, "home", "203.0.113.30", 443)
        assert seen_from(internet).startswith(address)


def seen_from(lab: World) -> str:
    """The address from which home comes, as the remote's nginx writes it down."""
    program = "import urllib.request, sys; urllib.request.urlopen(sys.argv[1])"
    assert run(lab, "home", "python3", "-c", program, REMOTE_URL.format(port="")).returncode == 0
    return run(lab, "remote", "tail", "-n", "1", "/var/log/nginx/access.log").stdout


def test_nobody_is_told_where_the_overlay_is_a_black_hole(internet: World) -> None:
    ping = ("ping", "-c", "1", "-W", "1", "200::1")
    assert "unreachable" in run(internet, "outsider", *ping).stdout.lower()
    change(internet, Kind.OVERLAY_BLACK_HOLE)
    said = run(internet, "outsider", *ping).stdout
    change(internet, Kind.CLEAR)
    assert "unreachable" not in said.lower()
    assert "100% packet loss" in said


def change(lab: World, kind: Kind, percent: int = 10) -> None:
    weather.change(lab.places, INTERNET, "outsider", Weather(kind, percent))


def reaches(lab: World, address: str) -> bool:
    ping = ("ping", "-c", "1", "-W", "1", address)
    return run(lab, "outsider", *ping).returncode == 0


@pytest.mark.parametrize(
    ("kind", "four", "six"),
    [
        (Kind.BLACKOUT, False, False),
        (Kind.IPV6_BLACK_HOLE, True, False),
        (Kind.IPV6_NONE, True, False),
        (Kind.CLEAR, True, True),
    ],
)
def test_weather_by_family(internet: World, kind: Kind, four: bool, six: bool) -> None:
    change(internet, kind)
    told = weather.now(internet.places, INTERNET)
    assert told == ({} if kind is Kind.CLEAR else {"outsider": kind.value})
    assert (reaches(internet, "203.0.113.30"), reaches(internet, "2001:db8:30::2")) == (four, six)
    change(internet, Kind.CLEAR)
    assert reaches(internet, "2001:db8:30::2")


def test_loss_loses_some(internet: World) -> None:
    change(internet, Kind.LOSS, 30)
    ping = ("ping", "-c", "100", "-i", "0.01", "-W", "1", "203.0.113.30")
    said = run(internet, "outsider", *ping).stdout
    change(internet, Kind.CLEAR)
    answered = int(said.split(" received")[0].split()[-1])
    assert 20 < answered < 80  # 49 expected, five standard deviations each way


def test_frozen_stops_a_connection_after_its_first_16_kb(internet: World) -> None:
    root = internet.places.root("remote")
    (root / "srv/big").write_bytes(bytes(200_000))
    serve = ("python3", "-m", "http.server", "8000", "-d", "/srv")
    run(internet, "remote", "systemd-run", "--unit=big", *serve)
    wait_until(lambda: opens(internet, "remote", "127.0.0.1", 8000), within=10, what="it listens")

    def fetched() -> tuple[int, int]:
        url = "http://203.0.113.30:8000/big"
        form = ("-s", "-o", "/dev/null", "-w", "%{size_download}", "--max-time", "4")
        said = run(internet, "outsider", "curl", *form, url)
        return said.returncode, int(said.stdout)

    assert fetched() == (0, 200_000)
    change(internet, Kind.FROZEN)
    code, size = fetched()
    change(internet, Kind.CLEAR)
    assert code == 28, "curl waits in vain"
    assert size <= weather.FROZEN_AFTER


def test_down_leaves_nothing(internet: World) -> None:
    places = internet.places
    assert world.down(internet)
    assert groups.members(places.group) == ()
    assert links.namespaces(f"{places.group}-") == ()
    assert mounts.below(places.run) == ()
    assert not places.run.exists()
