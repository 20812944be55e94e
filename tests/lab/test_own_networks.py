"""A server that somebody names leads Synapse nowhere within home's own networks."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from greygate.lab.world import World
from lab.federation import overlay_address, run
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

HOME, NEIGHBOUR = "2a01:db8:7:7::2", "2a01:db8:7:7::1"
PORT = 9443
LISTEN = f"""
import socket, sys
server = socket.create_server(("::", {PORT}), family=socket.AF_INET6)
while True:
    connection, who = server.accept()
    print(who[0], file=open(sys.argv[1], "a"), flush=True)
    connection.close()
"""
# As another server: Synapse asks the origin for its key before it looks at the signature.
NAME = f"""
import http.client, ssl, sys
trust = ssl._create_unverified_context()
asked = http.client.HTTPSConnection(sys.argv[1], 8448, context=trust, timeout=45)
origin = '[{NEIGHBOUR}]:{PORT}'
asked.request(
    "GET", "/_matrix/federation/v1/query/profile?user_id=%40admin%3Atwinkle.example", headers={{
        "Host": "twinkle.example",
        "Authorization": f'X-Matrix origin="{{origin}}",key="ed25519:a",sig="YQ"',
    }}
)
print(asked.getresponse().status)
"""


@pytest.fixture
def neighbour(internet: World) -> Iterator[None]:
    """The router has a service on home's own network, at a global address as today's have."""
    _at_router(internet, "ip", "-6", "addr", "add", f"{NEIGHBOUR}/64", "dev", "lan", "nodad")
    _must(internet, f"ip -6 addr add {HOME}/64 dev eth0 nodad")
    command = ("ip", "netns", "exec", internet.places.label("router"), "python3", "-c", LISTEN)
    with subprocess.Popen((*command, str(_seen(internet)))) as listening:
        yield
        listening.kill()
    _must(internet, f"ip -6 addr del {HOME}/64 dev eth0")
    _at_router(internet, "ip", "-6", "addr", "del", f"{NEIGHBOUR}/64", "dev", "lan")
    _seen(internet).unlink(missing_ok=True)


@pytest.mark.usefixtures("neighbour")
def test_a_stranger_of_the_overlay_does_not_lead_it_into_homes_own_network(
    internet: World,
) -> None:
    _must(internet, "systemctl stop greygate-firewall-check.timer")
    try:  # as it was, and as it is where there is no such rule: it does go there
        _must(internet, "nft flush chain inet greygate from_synapse")
        _name(internet)
        wait_until(_seen(internet).exists, within=20, what="Synapse asks the neighbour")
    finally:
        _must(internet, "systemctl start greygate-firewall-check.timer")
    _must(internet, "systemctl start greygate-firewall-check.service")
    _seen(internet).unlink()
    before = _dropped(internet)
    _name(internet)
    wait_until(lambda: _dropped(internet) > before, within=30, what="a packet of Synapse's ends")
    assert not _seen(internet).exists()


def _name(lab: World) -> None:
    run(lab, "friend", "python3", "-c", NAME, overlay_address(lab))


def _seen(lab: World) -> Path:
    """Where the neighbour notes who came."""
    return lab.places.run / "came"


def _dropped(lab: World) -> int:
    """Packets that the rule has counted."""
    chain = run(lab, "home", "nft", "list", "chain", "inet", "greygate", "from_synapse").stdout
    rule = next(it for it in chain.splitlines() if "@networks6" in it)
    return int(rule.split("packets ")[1].split()[0])


def _must(lab: World, line: str) -> None:
    done = run(lab, "home", "sh", "-c", line)
    assert done.returncode == 0, done.stderr


def _at_router(lab: World, *argv: str) -> None:
    subprocess.run(("ip", "netns", "exec", lab.places.label("router"), *argv), check=True)
