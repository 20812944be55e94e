"""The lab's worlds: every link ends at hosts of its world, at addresses of their own."""

from __future__ import annotations

import pytest

from greygate.lab.topology import CERTIFIED, NEIGHBOURS, PRESETS, Topology

each = pytest.mark.parametrize("topology", PRESETS, ids=lambda it: it.name)


@each
def test_every_link_joins_two_hosts_of_the_topology(topology: Topology) -> None:
    names = {node.name for node in topology.nodes}
    for link in topology.links:
        assert {link.one.host, link.other.host} <= names
        assert link.one.host != link.other.host


@each
def test_every_way_out_is_at_the_other_end_of_a_cable(topology: Topology) -> None:
    for node in topology.nodes:
        far = {
            str(address.ip)
            for link in topology.links
            for near, other in ((link.one, link.other), (link.other, link.one))
            if near.host == node.name
            for address in other.addresses
        }
        assert set(node.ways_out) <= far


@each
def test_no_address_is_given_twice(topology: Topology) -> None:
    cables = topology.links + topology.elsewhere
    ends = [end for link in cables for end in (link.one, link.other)]
    addresses = [address.ip for end in ends for address in end.addresses]
    assert len(addresses) == len(set(addresses))


@each
def test_both_ends_of_a_link_are_in_the_same_networks(topology: Topology) -> None:
    for link in topology.links + topology.elsewhere:
        here, there = ({it.network for it in end.addresses} for end in (link.one, link.other))
        assert here == there


def test_a_world_without_some_hosts_has_no_loose_cables() -> None:
    fewer = CERTIFIED.without("remote", "friend")
    assert len(fewer.hosts) == len(CERTIFIED.hosts) - 2
    ends = {end.host for link in fewer.links for end in (link.one, link.other)}
    assert ends == {end.host for link in CERTIFIED.links for end in (link.one, link.other)} - {
        *("remote", "friend")
    }


def test_the_friend_dials_an_address_that_home_has() -> None:
    (peer,) = NEIGHBOURS.host("friend").peers
    (end,) = NEIGHBOURS.ends("home")
    assert str(end.addresses[0].ip) in peer


@each
def test_a_host_can_move_back_to_where_it_was(topology: Topology) -> None:
    for there in topology.elsewhere:
        home = next(it for it in topology.links if it.one.host == there.one.host)
        assert topology.cable(home.one.host, home.other.host) == home
        assert topology.cable(there.one.host, there.other.host) == there
        assert home.one.interface == there.one.interface
        ways_out = topology.host(home.one.host).ways_out
        assert tuple(str(it.ip) for it in home.other.addresses) == ways_out
