"""A server that goes and comes back, and nodes that are not ours: this machine's, another's.

One world for all: each test begins with what the one before it has left.
"""

from __future__ import annotations

import json
import subprocess

import pytest

from greygate.lab import friend as node
from greygate.lab import hosts
from greygate.lab.topology import NEIGHBOURS
from greygate.lab.world import World
from lab import server
from lab.conftest import Raise
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

KEPT = "/root/identity.tar"

# What a server leaves, but for what was fetched for any.
LOSE_ALL = """
cd /var/lib/greygate
find . -mindepth 1 -maxdepth 1 ! -name engines ! -name env -exec rm -r {} +
rm -rf /etc/greygate
"""
GUEST = "unix:///run/yggdrasil/guest.sock"  # by it the guest's node dials the friend's
BESIDE = """
set -e
echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
ip address add {router}/64 dev eth0 nodad
ip netns add guest
ip -n guest link set lo up
systemd-run --quiet ip netns exec guest yggdrasil -useconffile /root/guest.json
"""
BEHIND = """
ip address add {address}/64 dev eth0 nodad
ip -6 route add 200::/7 via {router}
"""
STRAY = 8008  # something of the operator's own that listens everywhere


@pytest.fixture(scope="module")
def home(lab: Raise) -> World:
    up = lab("nodes", NEIGHBOURS)
    server.install(up)
    return up


def on_home(lab: World, script: str) -> str:
    return _said(hosts.execute("home", lab.places, ("sh", "-c", script)))


def on_friend(lab: World, script: str) -> str:
    return _said(hosts.execute("friend", lab.places, ("sh", "-c", script)))


def _said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def units(lab: World) -> str:
    return on_home(lab, "systemctl list-units --all --no-legend 'greygate*'")


def new_server(lab: World, *words: str) -> None:
    """Another one in the former one's place, and the friend is told whom to trust."""
    server.greygate(lab, "uninstall", "--yes")
    on_home(lab, LOSE_ALL)
    server.greygate(lab, "init", server.NAME, "--yes", *words)
    server.greygate(lab, "install")
    (lab.places.root("friend") / server.CA).write_text(server.greygate(lab, "cert", "export"))


def test_uninstalled_it_leaves_its_data_and_nothing_that_runs(home: World) -> None:
    server.told(home, "user", "add", "carla")
    planned = server.told(home, "uninstall", "--dry-run")["steps"]
    assert any("/usr/local/lib/greygate" in step for step in planned)
    assert server.answers(home)

    left = server.told(home, "uninstall", "--yes")["left"]

    assert left == ["/etc/greygate/site.toml", "/var/lib/greygate"]
    assert units(home) == ""
    on_home(home, "! test -e /usr/local/lib/greygate && ! test -L /usr/local/bin/greygate")
    on_home(home, f"test -e {left[0]} && ! nft list table inet greygate")
    on_home(home, "! ip link show greygate0")
    assert "443" not in on_home(home, "ss --no-header --listening --tcp --numeric")
    server.greygate(home, "install")
    assert "@carla:home.example" in {it["user_id"] for it in server.told(home, "user", "list")}
    server.await_answer(home)


def test_identity_tar_brings_back_address_and_trust_after_all_is_lost(home: World) -> None:
    address = server.url(home)
    server.greygate(home, "backup", "identity", KEPT)
    assert on_home(home, f"stat -c %a {KEPT}") == "600\n"
    server.greygate(home, "uninstall", "--yes")
    on_home(home, LOSE_ALL)

    assert server.told(home, "backup", "restore", KEPT)["server_name"] == server.NAME
    server.greygate(home, "install")

    assert server.url(home) == address
    # By the authority that the friend has trusted from the first day.
    server.await_answer(home)
    assert [it["user_id"] for it in server.told(home, "user", "list")] == ["@owner:home.example"]


def test_the_node_that_is_here_already_is_used_and_left_alone(home: World) -> None:
    server.greygate(home, "uninstall", "--yes")
    node.configure(home.places.root("home"), peers=(), listen=(server.LISTEN,))
    on_home(home, "systemctl enable --now yggdrasil")
    new_server(home)  # which sees by itself whose node to use

    own = json.loads(on_home(home, "yggdrasilctl -json getSelf"))["address"]
    assert server.url(home) == f"https://[{own}]"
    server.await_answer(home)
    told = server.status(home)
    assert (told["people"]["reachable"], told["overlay"]["node"]) == ("yes", "system")
    assert on_home(home, "readlink /proc/[0-9]*/exe | grep -c /yggdrasil$") == "1\n"
    # Its firewall is the operator's own matter.
    on_home(home, "! nft list table inet greygate")


def test_while_that_node_is_down_it_is_named_and_all_can_be_stopped(home: World) -> None:
    on_home(home, "systemctl stop yggdrasil")
    people = server.status(home)["people"]
    assert "does not have the address" in people["cause"]
    assert people["cure"] == "start this machine's Yggdrasil: systemctl start yggdrasil"
    assert "haproxy" in server.greygate(home, "logs", "haproxy")
    assert server.told(home, "down") == {"stopped": True}
    on_home(home, people["cure"].partition(": ")[2])
    server.greygate(home, "up", "--detach")
    server.await_answer(home)


def test_peers_and_firewall_are_brought_into_force_as_it_runs(home: World) -> None:
    """Both are units that the running server did not have."""
    site = home.places.root("home") / "etc/greygate/site.toml"
    wanted = 'node = "system"\npeers = ["tls://192.0.2.2:9009"]\nfirewall = true'
    site.write_text(site.read_text().replace('node = "system"', wanted))
    url = server.url(home).removeprefix("https://").strip("[]")
    knock = f"nc -z -w 5 {url} 9001"
    on_friend(home, knock)

    server.greygate(home, "apply", "--yes")

    assert "192.0.2.2:9009" in on_home(home, "yggdrasilctl getPeers")
    on_friend(home, f"! {knock}")
    assert server.answers(home)
    server.greygate(home, "uninstall", "--yes")
    assert "192.0.2.2:9009" not in on_home(home, "yggdrasilctl getPeers")
    on_home(home, "! nft list table inet greygate")
    assert on_home(home, "systemctl is-active yggdrasil") == "active\n"
    on_home(home, "systemctl disable --now yggdrasil")


def test_an_address_that_another_machine_routes_here_is_served(home: World) -> None:
    """The friend's node is the router; who asks stands beside it, with a node of his own."""
    root = home.places.root("friend")
    node.configure(root, peers=(), listen=(GUEST,))
    config = {"Peers": [GUEST], "AdminListen": "none", "IfName": "auto", "MulticastInterfaces": []}
    (root / "root/guest.json").write_text(json.dumps(config))
    on_friend(home, "systemctl restart yggdrasil")
    ready = "test -S /run/yggdrasil/yggdrasil.sock"
    wait_until(lambda: opens(home, ready), within=20, what="the friend's node is back")
    subnet = json.loads(on_friend(home, "yggdrasilctl -json getSelf"))["subnet"]
    address = subnet.replace("::/64", "::2")
    router = subnet.replace("::/64", "::1")
    on_friend(home, BESIDE.format(router=router))
    on_home(home, BEHIND.format(router=router, address=address))

    new_server(home, "--node", "routed", "--address", address)

    assert server.url(home) == f"https://[{address}]"
    assert server.status(home)["people"]["reachable"] == "unknown"  # its peers are not seen here
    ask = f"curl -sf -m 5 --cacert /{server.CA} https://[{address}]/_matrix/client/versions"
    beside = "ip netns exec guest"
    wait_until(lambda: opens(home, f"{beside} {ask}"), within=server.LINK_WITHIN, what="it answers")
    # Over the overlay all else is closed; on the same interface the operator's own goes on.
    on_home(home, f"systemd-run --quiet python3 -m http.server {STRAY} --bind ::")
    wait_until(lambda: opens(home, f"nc -z -w 2 192.0.2.1 {STRAY}"), within=20, what="it is up")
    assert not opens(home, f"{beside} nc -z -w 2 {address} {STRAY}")
    assert not opens(home, f"nc -z -w 2 {address} {STRAY}")


def opens(lab: World, line: str) -> bool:
    """Whether that goes well on the friend's machine."""
    return server.from_friend(lab, "sh", "-c", line).returncode == 0
