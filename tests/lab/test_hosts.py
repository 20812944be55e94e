"""The lab itself: hosts boot, are joined, reboot, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from greygate.lab import groups, hosts, links, mounts, world
from greygate.lab.places import Places, places_for
from greygate.lab.topology import NEIGHBOURS, Disk, Host, Topology
from greygate.lab.world import World
from lab.conftest import Raise
from lab.raised import lower, places_of
from lab.waiting import wait_until
from our_end import WITH_US, afterwards

pytestmark = pytest.mark.lab

CONFIG = "/etc/yggdrasil/yggdrasil.conf"
KILLED = "killedtest"

# Both with a stock Yggdrasil: what is tried here is the lab, not our server.
TWO_FRIENDS = Topology(
    name="two friends",
    hosts=(Host("home", Disk.FRIEND), *NEIGHBOURS.hosts[1:]),
    links=NEIGHBOURS.links,
)


@pytest.fixture(scope="module")
def friends(lab: Raise) -> World:
    return lab("hoststest", TWO_FRIENDS)


def test_every_host_boots_to_running(friends: World) -> None:
    assert [(seen.name, seen.state) for seen in world.status(friends)] == [
        ("home", "running"),
        ("friend", "running"),
    ]


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_the_cable_carries_both_families(friends: World, address: str) -> None:
    assert pings(friends, address)


def test_up_again_leaves_what_is_up(friends: World) -> None:
    before = world.status(friends)
    world.up(friends, TWO_FRIENDS)
    assert [host.leader for host in world.status(friends)] == [host.leader for host in before]


def test_a_host_has_no_way_out(friends: World) -> None:
    routes = hosts.execute("home", friends.places, ("ip", "route", "show", "default"))
    assert routes.stdout == ""


def test_the_friend_reaches_home_over_yggdrasil_before_and_after_a_reboot(friends: World) -> None:
    accept_peerings(friends, "home")
    address = overlay_address(friends, "home")
    wait_until(lambda: pings(friends, address), within=30, what="home answers on the overlay")
    (friends.places.root("home") / "root/kept").write_text("what a host writes survives")
    world.reboot(friends, "home")
    assert overlay_address(friends, "home") == address
    kept = hosts.execute("home", friends.places, ("cat", "/root/kept"))
    assert kept.stdout == "what a host writes survives"
    # A lost link is dialled again after 1 to 65 s, by the phase of the friend's back-off.
    wait_until(lambda: pings(friends, address), within=90, what="home answers again")


def test_whoever_is_in_a_host_ends_with_it_and_does_not_hold_it_up(friends: World) -> None:
    with subprocess.Popen(world.command_in(friends, "home", ("sleep", "90"))) as inside:
        wait_until(lambda: sleeps(friends), within=10, what="somebody sleeps in home")
        world.reboot(friends, "home")
        assert inside.wait(5) == 128 + signal.SIGTERM


def sleeps(lab: World) -> bool:
    return hosts.execute("home", lab.places, ("pidof", "sleep")).returncode == 0


@pytest.fixture
def killed() -> Iterator[Places]:
    made = places_of(KILLED)
    with afterwards(lower, KILLED):
        yield made


def test_a_lab_that_was_killed_half_way_is_cleaned_by_the_next(killed: Places, lab: Raise) -> None:
    argv = (*WITH_US, sys.executable, __file__, killed.name)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(argv, env=environ) as raising:
        wait_until(
            lambda: raising.poll() is not None or bool(groups.members(killed.group)),
            within=300,
            what="a host begins to boot",
        )
        raising.send_signal(signal.SIGKILL)
    assert traces(killed), "there is something to clean"
    again = lab(KILLED, TWO_FRIENDS)
    assert {seen.state for seen in world.status(again)} == {"running"}
    assert world.down(again)
    assert traces(killed) == []
    assert not world.down(again)


def traces(places: Places) -> list[str]:
    """Everything of this lab that the kernel or the disk still has."""
    left = [f"process {pid}" for pid in groups.members(places.group)]
    left += [f"namespace {name}" for name in links.namespaces(f"{places.group}-")]
    left += [f"mount {place}" for place in mounts.below(places.run)]
    left += [f"mount {place}" for place in mounts.EXPORTS.glob(f"{places.group}-*")]
    folders = (*(tree / places.group for tree in groups.hierarchies()), places.run)
    return left + [str(folder) for folder in folders if folder.exists()]


def pings(lab: World, address: str) -> bool:
    argv = ("ping", "-c", "1", "-W", "1", address)
    return hosts.execute("friend", lab.places, argv).returncode == 0


def overlay_address(lab: World, name: str) -> str:
    """What the host's own node says; it may still be starting."""
    argv = ("yggdrasilctl", "-json", "getSelf")

    def asked() -> str:
        return hosts.execute(name, lab.places, argv).stdout

    # yggdrasilctl 0.5.12 ends with 0 even where no node answers: only JSON is an answer.
    wait_until(lambda: asked().startswith("{"), within=10, what=f"Yggdrasil of {name} answers")
    told: dict[str, str] = json.loads(asked())
    return told["address"]


def accept_peerings(lab: World, name: str) -> None:
    """Have the host's node listen where the friend dials, as its owner would."""
    path = lab.places.root(name) / CONFIG[1:]
    path.write_text(json.dumps(json.loads(path.read_text()) | {"Listen": ["tls://[::]:9001"]}))
    done = hosts.execute(name, lab.places, ("systemctl", "restart", "yggdrasil"))
    assert done.returncode == 0, done.stderr


if __name__ == "__main__":  # the lab that is to be killed
    places = places_for(os.environ, name=sys.argv[1])
    world.up(World(places=places, environ=os.environ), TWO_FRIENDS)
