"""Where there is something to keep, and as whom."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from greygate.components.component import Service
from greygate.components.keeper import LINKS, SYSTEM_PLACES, files, units
from greygate.machine import node
from greygate.site.model import Node
from some_sites import SITES, federating


@pytest.mark.parametrize("name", [name for name in SITES if name != "federating"])
def test_nothing_to_keep_without_edges(name: str) -> None:
    assert not files(*SITES[name]())
    assert not units(*SITES[name]())


def test_it_keeps_exactly_what_the_edges_are_dialled_by() -> None:
    site, plan = federating()
    (links,) = (json.loads(it.text) for it in files(site, plan) if it.path == LINKS)
    assert [it["peers"] for it in links["edges"]] == [list(it.peers) for it in plan.edges]
    assert links["admin"] == [str(plan.paths.overlay_admin_socket)]


@pytest.mark.parametrize(
    ("kind", "account", "after"),
    [(Node.MANAGED, "greygate-keeper", "yggdrasil"), (Node.SYSTEM, "root", "peers")],
)
def test_it_may_no_more_than_open_the_nodes_socket(kind: Node, account: str, after: str) -> None:
    site, plan = federating()
    (unit,) = units(replace(site, overlay=replace(site.overlay, node=kind)), plan)
    assert isinstance(unit, Service)
    assert (unit.account, unit.after) == (account, (after,))
    assert unit.capabilities == (() if kind is Node.MANAGED else ("dac_override",))


def test_it_looks_for_the_machines_node_where_we_do() -> None:
    assert (*node.USUAL_SOCKETS, node.USUAL_PORT) == SYSTEM_PLACES
