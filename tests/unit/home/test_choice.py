"""Whose Yggdrasil is used, by what runs on the machine."""

from __future__ import annotations

from ipaddress import IPv6Address

import pytest

from greygate.errors import Trouble, WrongUsage
from greygate.home.choice import check_address, check_node, chosen_node, look
from greygate.machine.node import Version
from greygate.site.model import Node
from some_homes import NO_TUN, node, standing

OLD = node(Version(0, 4, 7))


def test_where_none_runs_we_run_one() -> None:
    assert chosen_node(standing()) is Node.MANAGED
    assert chosen_node(standing(tun=NO_TUN)) is Node.MANAGED  # loopback stands in, for now


def test_one_that_runs_is_used_and_not_rivalled() -> None:
    assert chosen_node(standing(node=node())) is Node.SYSTEM


def test_a_0_4_node_is_named_and_never_used() -> None:
    with pytest.raises(Trouble, match=r"Yggdrasil 0\.4\.7 that runs here") as trouble:
        chosen_node(standing(node=OLD))
    assert "0.5 or newer" in trouble.value.hint


@pytest.mark.parametrize("wanted", [Node.MANAGED, Node.SYSTEM, Node.ROUTED])
def test_no_overlay_goes_past_a_0_4_node(wanted: Node) -> None:
    with pytest.raises(Trouble, match="today's network"):
        check_node(wanted, standing(node=OLD))


def test_loopback_does_not_mind_any_node() -> None:
    check_node(Node.LOOPBACK, standing(node=OLD))


def test_ours_and_another_are_not_run_side_by_side() -> None:
    with pytest.raises(Trouble, match="one already runs here") as trouble:
        check_node(Node.MANAGED, standing(node=node()))
    assert 'node = "system"' in trouble.value.hint


@pytest.mark.parametrize("wanted", [Node.SYSTEM, Node.ROUTED])
def test_the_one_that_runs_may_be_used(wanted: Node) -> None:
    check_node(wanted, standing(node=node()))


@pytest.mark.parametrize("wanted", list(Node))
def test_where_none_runs_any_may_be_wanted(wanted: Node) -> None:
    check_node(wanted, standing())


def test_looking_changes_nothing_and_tells_the_same_twice() -> None:
    first, second = look(), look()
    assert (first.rights, first.node) == (second.rights, second.node)


OWN = IPv6Address("201:2:3:4::1")


def test_an_address_is_the_nodes_own_or_in_its_subnet_and_on_this_machine() -> None:
    check_address(None, OWN, standing())
    check_address(OWN, OWN, standing())
    behind = IPv6Address("301:2:3:4::12")
    check_address(behind, OWN, standing(interfaces={behind: "lo"}))
    with pytest.raises(WrongUsage, match="does not have it") as absent:
        check_address(behind, OWN, standing())
    assert "ip address add 301:2:3:4::12/64" in absent.value.hint


@pytest.mark.parametrize("text", ["300:1::1", "301:2:3:5::12", "201:2:3:4::2"])
def test_an_address_of_another_node_is_refused(text: str) -> None:
    address = IPv6Address(text)
    with pytest.raises(WrongUsage, match=r"has 201:2:3:4::1 and 301:2:3:4::/64"):
        check_address(address, OWN, standing(interfaces={address: "lo"}))
