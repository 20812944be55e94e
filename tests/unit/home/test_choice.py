"""Whose Yggdrasil is used, by what runs on the machine."""

from __future__ import annotations

import pytest

from greygate.errors import Trouble
from greygate.home.choice import check_node, chosen_node, look
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
