"""What stays open on the overlay, and where there is no firewall of ours."""

from __future__ import annotations

from dataclasses import replace

import pytest

import some_sites
from greygate.components import firewall
from greygate.site.model import Node, Opening

WEB = (Opening("tcp", 443), Opening("tcp", 8448))


def test_only_listeners_and_what_the_site_allows_is_reachable() -> None:
    site = some_sites.site(Node.MANAGED, allow=(Opening("udp", 53), Opening("tcp", 22)))
    plan = some_sites.plan(site, interface="greygate0")
    assert firewall.reachable(site, plan) == (Opening("tcp", 22), *WEB, Opening("udp", 53))


def test_what_is_allowed_twice_is_told_once() -> None:
    site = some_sites.site(Node.MANAGED, allow=(Opening("tcp", 443),))
    assert firewall.reachable(site, some_sites.plan(site, interface="greygate0")) == WEB


@pytest.mark.parametrize(
    ("wanted", "interface"), [(False, "greygate0"), (True, None), (False, None)]
)
def test_without_a_wish_or_an_interface_nothing_is_closed(
    wanted: bool, interface: str | None
) -> None:
    site = some_sites.site(Node.SYSTEM, firewall=wanted)
    plan = some_sites.plan(site, interface=interface)
    assert not firewall.guards(site, plan)
    assert firewall.files(site, plan) == ()
    assert firewall.units(site, plan) == ()


def test_only_a_node_of_ours_forbids_routing_through_this_machine() -> None:
    rules = {
        node: firewall.files(it, some_sites.plan(it, interface="x0"))[0].text
        for node in (Node.MANAGED, Node.SYSTEM)
        for it in (some_sites.site(node),)
    }
    assert "hook forward" in rules[Node.MANAGED]
    assert "hook forward" not in rules[Node.SYSTEM]


def test_behind_a_router_nothing_is_closed_but_the_overlays_addresses() -> None:
    """By one interface comes all else too: the operator's ssh, the router's own questions."""
    site, plan = some_sites.routed()
    for interface in ("eth0", None):
        rules, _guard = firewall.files(site, replace(plan, interface=interface))
        assert 'iifname != "lo" ip6 daddr 200::/7 goto from_overlay' in rules.text
        assert "nd-neighbor-solicit" in rules.text
        assert "eth0" not in rules.text
