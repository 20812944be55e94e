"""What must pass, and what two machines tell each other of what bars it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

import pytest

from greygate.plan.barriers import (
    Passage,
    Purpose,
    barriers,
    edge_passages,
    from_json,
    home_passages,
    to_json,
)
from greygate.spec.iptables_save import tables
from greygate.spec.packet_filter import Uplink
from some_sites import SITES
from unit.plan.test_token import TOKEN

UPLINKS = (Uplink("ens3", ip_address("203.0.113.7")), Uplink("ens3", ip_address("2a01:db8::7")))
CLOSED = """*filter
:INPUT DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
COMMIT
"""


def test_a_closed_machine_bars_everything_at_home() -> None:
    found = barriers(tables(CLOSED, family="ip6", owner="iptables-nft"), _home("federating"))
    assert {it.purpose for it in found} == {Purpose.PEOPLE, Purpose.INGRESS, Purpose.OUT}
    people = [it for it in found if it.purpose is Purpose.PEOPLE and not it.outgoing]
    assert [it.ports for it in people] == [(443, 8448)]


def test_what_is_not_there_needs_no_way() -> None:
    """No IPv6, no federation, no overlay of its own."""
    v4 = barriers(tables(CLOSED, family="ip", owner="iptables-nft"), _home("managed"))
    assert {it.purpose for it in v4} == {Purpose.OUT, Purpose.LISTEN}
    assert list(_home("loopback")) == []


def test_an_edge_needs_its_ports_and_home() -> None:
    passages = edge_passages(
        address=TOKEN.address,
        interface="greygate0",
        homes=TOKEN.homes,
        ports=(443,),
        names_port=53,
        uplinks=UPLINKS,
    )
    told = barriers(
        (
            *tables(CLOSED, family="ip", owner="iptables-nft"),
            *tables(CLOSED, family="ip6", owner="iptables-legacy"),
        ),
        passages,
    )
    assert {it.purpose for it in told} == {Purpose.PUBLIC, Purpose.AGENT, Purpose.INGRESS}
    public = {(it.family, it.protocol, it.ports) for it in told if it.purpose is Purpose.PUBLIC}
    assert public == {
        (family, protocol, ports)
        for family in ("ip", "ip6")
        for protocol, ports in (("tcp", (53, 443)), ("udp", (53,)))
    }
    for barrier in told:
        assert from_json(to_json(barrier)) == replace(barrier, table="", chain="")


@pytest.mark.parametrize(
    "odd",
    [
        *({"owner": "ufw; reboot"}, {"family": "x"}, {"purpose": "?"}),
        *({"ports": ["443; x"]}, {"ports": [True]}, {"protocol": "x"}),
    ],
)
def test_another_machines_words_are_never_shown(odd: dict[str, object]) -> None:
    found = barriers(tables(CLOSED, family="ip6", owner="iptables-nft"), _home("managed"))
    with pytest.raises(ValueError, match=r"barrier|valid|literal"):
        from_json({**to_json(found[0]), **odd})


def _home(name: str) -> Iterator[Passage]:
    return home_passages(*SITES[name](), UPLINKS)
