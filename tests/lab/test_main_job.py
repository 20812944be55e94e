"""The main job, with real parts: a server on home, two people on the friend's machine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greygate.lab import hosts, world
from greygate.lab.topology import NEIGHBOURS
from greygate.lab.world import World
from lab import server
from lab.client import Refused
from lab.conftest import Raise
from lab.talking import Pair, open_room, talk
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

CLEARNET = "192.0.2.1"  # home on the cable
CERTIFICATE = "/var/lib/greygate/certs/server.pem"
STRAY = 8008  # something of the operator's own that listens everywhere

LOCAL_TARGETS = (
    "/_synapse/admin/v1/register",
    "/_synapse/admin/v2/users",
    "/_synapse/admin/v1/server_version",
    "/%5fsynapse/admin/v1/server_version",
    "//_synapse/admin/v1/server_version",
    "/x/../_synapse/admin/v1/server_version",
    "/_synapse/metrics",
    "/metrics",
    "/health",
    "/haproxy?stats",
)


@pytest.fixture(scope="module")
def home(lab: Raise) -> World:
    up = lab("mainjob", NEIGHBOURS)
    server.install(up)
    return up


@pytest.fixture(scope="module")
def rooms(home: World) -> tuple[str, str]:
    """A direct message and a room of two people who have logged in."""
    for name in ("anna", "boris"):
        made = server.told(home, "user", "add", name)
        with server.client(home, name) as opened:
            opened.does("login", user=name, password=made["password"])
    with pair(home) as two:
        return open_room(two, direct=True), open_room(two, direct=False)


@contextmanager
def pair(lab: World) -> Iterator[Pair]:
    """Both people open their apps, where they left off."""
    with server.client(lab, "anna") as anna, server.client(lab, "boris") as boris:
        anna.does("resume")
        yield Pair(anna, boris, boris.does("resume")["user"])


def test_two_people_talk_and_exchange_files_encrypted(home: World, rooms: tuple[str, str]) -> None:
    with pair(home) as two:
        for room in rooms:
            talk(two, room, topic="before")


def test_after_a_reboot_of_home_it_goes_on(home: World, rooms: tuple[str, str]) -> None:
    address = server.url(home)
    world.reboot(home, "home")
    server.await_answer(home)
    assert server.url(home) == address
    with pair(home) as two:
        for room in rooms:
            talk(two, room, topic="after")


def test_after_a_restart_of_yggdrasil_the_address_is_the_same(home: World) -> None:
    address = server.url(home)
    unit = "greygate-yggdrasil.service"
    done = hosts.execute("home", home.places, ("systemctl", "restart", unit))
    assert done.returncode == 0, done.stderr
    server.await_answer(home)
    assert server.url(home) == address


def test_the_daily_timer_puts_a_certificate_back_without_a_word(home: World) -> None:
    listed = hosts.execute("home", home.places, ("systemctl", "list-timers", "--no-legend"))
    assert "greygate-renew.timer" in listed.stdout
    lost = ("rm", CERTIFICATE)
    assert hosts.execute("home", home.places, lost).returncode == 0
    assert "renewed: unreadable" in renewed(home)
    assert server.answers(home)


def test_a_certificate_that_a_kill_left_unused_is_in_use_after_the_next_look(home: World) -> None:
    """Whoever puts one in place tells HAProxy next, and may be killed in between."""
    place = Path(f"{home.places.root('home')}{CERTIFICATE}")
    left = place.read_text("ascii")
    place.unlink()
    renewed(home)
    assert shown(home) not in left
    place.write_text(left, "ascii")
    renewed(home)
    assert shown(home) in left


def renewed(lab: World) -> str:
    """What the timer's unit says where it is started now."""
    unit = "greygate-renew.service"
    done = hosts.execute("home", lab.places, ("systemctl", "start", unit))
    words = hosts.execute("home", lab.places, ("journalctl", "--unit", unit, "--output=cat"))
    assert done.returncode == 0, words.stdout
    return words.stdout


def shown(lab: World) -> str:
    """The certificate that the friend is shown, in PEM."""
    address = server.status(lab)["addresses"][0]["address"]
    ask = f"import ssl; print(ssl.get_server_certificate(({address!r}, 443), timeout=10))"
    done = server.from_friend(lab, "python3", "-c", ask)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("target", LOCAL_TARGETS)
def test_what_is_local_is_refused_from_the_overlay(home: World, target: str) -> None:
    status, body = server.asked(home, target)
    assert status in (400, 404), body
    assert "server_version" not in body


def test_a_port_that_is_not_in_the_plan_does_not_answer_on_the_overlay(home: World) -> None:
    listening = ("python3", "-m", "http.server", str(STRAY), "--bind", "::", "-d", "/srv")
    started = hosts.execute("home", home.places, ("systemd-run", "--unit=stray", *listening))
    assert started.returncode == 0, started.stderr
    wait_until(lambda: opens(home, CLEARNET, STRAY), within=10, what="a stray service is up")
    address = server.status(home)["addresses"][0]["address"]
    assert opens(home, address, 443)
    assert not opens(home, address, STRAY)


def opens(lab: World, address: str, port: int) -> bool:
    """Whether the friend can open that port."""
    return server.from_friend(lab, "nc", "-z", "-w", "2", address, str(port)).returncode == 0


def test_nobody_registers_without_an_invitation(home: World) -> None:
    wish = {"username": "eve", "password": "a long pass phrase of Eve's"}
    status, first = server.asked(home, "/_matrix/client/v3/register", post=wish)
    assert status == 401
    assert [flow["stages"][0] for flow in first["flows"]] == ["m.login.registration_token"]
    forged = {"type": "m.login.registration_token", "token": "x", "session": first["session"]}
    status, second = server.asked(
        home, "/_matrix/client/v3/register", post={**wish, "auth": forged}
    )
    assert status == 401, json.dumps(second)
    assert "access_token" not in second


def test_an_invitation_works_once(home: World) -> None:
    token = server.told(home, "invite")["token"]
    with server.client(home, "clara") as first:
        made = first.does("register", name="clara", password="a long one of Clara's", token=token)
        assert made["user"] == f"@clara:{server.NAME}"
    with server.client(home, "eve") as second, pytest.raises(Refused):
        second.does("register", name="eve", password="a long one of Eve's", token=token)
