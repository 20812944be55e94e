"""Whom a firewall on the overlay would lock out."""

from __future__ import annotations

from ipaddress import ip_address

from greygate.probe.host import Connection, Connections
from greygate.run.lockout import at_risk
from greygate.site.model import Opening

OURS, FRIEND = ip_address("200::1"), ip_address("201::2")
SSH = Connection(OURS, 22, FRIEND, 50_000)


def test_who_came_over_the_overlay_to_a_port_that_closes_is_at_risk() -> None:
    assert at_risk(Connections((SSH,), frozenset({22})), [Opening("tcp", 443)]) == (SSH,)


def test_who_can_come_again_is_not() -> None:
    assert at_risk(Connections((SSH,), frozenset({22})), [Opening("tcp", 22)]) == ()


def test_an_opening_for_udp_is_no_way_for_tcp() -> None:
    assert at_risk(Connections((SSH,), frozenset({22})), [Opening("udp", 22)]) == (SSH,)


def test_connections_that_we_opened_go_on() -> None:
    assert at_risk(Connections((Connection(OURS, 50_000, FRIEND, 22),), frozenset()), []) == ()


def test_those_of_other_networks_are_not_touched() -> None:
    lan = Connection(ip_address("192.0.2.1"), 22, ip_address("192.0.2.2"), 50_000)
    local = Connection(OURS, 22, OURS, 50_000)
    assert at_risk(Connections((lan, local), frozenset({22})), []) == ()
