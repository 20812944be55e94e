"""Which tokens a machine takes, and what it says of ports that are taken."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath

import pytest

from greygate.edge import join
from greygate.edge.following import _rekeyed, joined
from greygate.edge.join import _demand_ports
from greygate.errors import Trouble
from greygate.identity import edge_keys
from greygate.machine import ports
from greygate.machine.ports import Holder
from greygate.plan.edge import demand_successor, edge_plan
from greygate.plan.edges import AGENT_PORT
from greygate.plan.paths import Paths
from greygate.plan.token import Token, written
from greygate.probe import overlay
from greygate.probe.answers import Peer, Peers
from unit.plan.test_token import TOKEN


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))


def test_a_newer_token_of_the_same_edge_is_taken() -> None:
    demand_successor(TOKEN, None)
    demand_successor(TOKEN, TOKEN)
    demand_successor(replace(TOKEN, serial=9), TOKEN)


@pytest.mark.parametrize(
    ("token", "hint"),
    [
        (replace(TOKEN, serial=2), "greygate edge token edge1"),
        (replace(TOKEN, edge="edge2"), "greygate edge leave"),
        (replace(TOKEN, site="0" * 16), "greygate edge leave"),
    ],
)
def test_an_older_one_or_another_s_is_refused(token: Token, hint: str) -> None:
    with pytest.raises(Trouble) as refused:
        demand_successor(token, TOKEN)
    assert hint in refused.value.hint


def test_who_has_the_port_is_told_and_how_to_do_without(paths: Paths) -> None:
    """Whatever else listens on the machine that runs this."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        holders = [it for it in ports.holders() if it.port == taken]
    plan = edge_plan(TOKEN, paths, ports=(taken, 8448))
    with pytest.raises(Trouble, match=f"port {taken} is taken by") as refused:
        _demand_ports(plan, holders)
    assert "--ports 8448 " in refused.value.hint


def test_what_our_own_ports_are_for_cannot_be_done_without(paths: Paths) -> None:
    holders = [Holder(address=IPv6Address("::"), port=it) for it in (443, AGENT_PORT)]
    with pytest.raises(Trouble, match=f"port {AGENT_PORT} is taken by") as refused:
        _demand_ports(edge_plan(TOKEN, paths), holders)
    assert "--ports" not in refused.value.hint
    _demand_ports(edge_plan(TOKEN, paths), [Holder(address=IPv6Address("::"), port=80)])


def test_a_machine_that_is_no_edge_says_so(paths: Paths) -> None:
    assert joined(paths) is None
    with pytest.raises(Trouble, match="no edge"):
        join.plan_here(paths)
    Path(paths.joined.parent).mkdir(parents=True)
    Path(paths.joined).write_text(written(TOKEN))
    token, plan, units = join.plan_here(paths)
    assert (token, plan.ports) == (TOKEN, (443, 8448))
    assert [unit.name for unit in units] == [
        *("firewall", "yggdrasil", "haproxy"),
        *("orders", "agent"),
    ]


@pytest.mark.parametrize(
    ("uptimes", "seen"),
    [((), False), ((0.01, None), False), ((0.01, 1.5), True)],
    ids=["nobody", "one that home has not ended yet", "one that lasts"],
)
def test_home_is_seen_where_its_peering_lasts(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, uptimes: tuple[float | None, ...], seen: bool
) -> None:
    peers = (Peer(uri="", up=it is not None, inbound=True, uptime=it) for it in uptimes)
    told = Peers(tuple(peers))
    monkeypatch.setattr(overlay, "peers", lambda _socket: told)
    assert join.sees_home(edge_plan(TOKEN, paths)) is seen


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a network of its own")
def test_a_machine_without_ipv6_is_told_so_before_anything_is_installed() -> None:
    """As a rented host has it by sysctl: Yggdrasil would panic, once all is there."""
    script = (
        "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; "
        f"exec {sys.executable} -c '{ASK}' /srv/of-nobody/state /srv/of-nobody/run"
    )
    done = subprocess.run(
        ("unshare", "--net", "sh", "-c", script),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.stdout.splitlines() == [
        "cannot become an edge: IPv6 is switched off (net.ipv6.conf.all.disable_ipv6=1)",
        "echo 0 >/proc/sys/net/ipv6/conf/all/disable_ipv6",
    ], done.stderr


ASK = """
import sys
from pathlib import PurePosixPath
from greygate.edge import join
from greygate.errors import Trouble
from greygate.plan.paths import Paths
try:
    join._demand_machine(Paths.below(*map(PurePosixPath, sys.argv[1:])), new=False)
except Trouble as trouble:
    sys.stdout.write(trouble.what + chr(10) + trouble.hint + chr(10))
"""


def test_a_node_whose_key_was_replaced_by_hand_is_restarted(paths: Paths) -> None:
    plan = edge_plan(TOKEN, paths)
    Path(paths.overlay_key).parent.mkdir(parents=True)
    assert _rekeyed(TOKEN, plan, None) == set()  # nothing runs yet
    assert _rekeyed(TOKEN, plan, TOKEN) == {"yggdrasil"}
    Path(paths.overlay_key).write_bytes(edge_keys.pem(TOKEN.key))
    assert _rekeyed(TOKEN, plan, TOKEN) == set()
    Path(paths.overlay_key).write_bytes(b"another")
    assert _rekeyed(TOKEN, plan, TOKEN) == {"yggdrasil"}
