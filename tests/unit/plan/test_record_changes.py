"""What changes in DNS where an edge moves, comes or goes."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

from greygate.plan.record_changes import RecordChange, changes
from greygate.plan.records import record_sets
from greygate.site.model import Layout, Site
from some_sites import EDGE, EDGE_KEY, federating, plan

THERE = (IPv4Address("192.0.2.2"),)
SECOND = replace(EDGE, id="edge2", name="edge2.other.example", addresses=THERE)


def between(former: Site, later: Site) -> dict[tuple[str, str], RecordChange]:
    sets = [
        record_sets(it, plan(it, edge_keys={"edge1": EDGE_KEY, "edge2": EDGE_KEY}))
        for it in (former, later)
    ]
    return {(it.records.name, it.records.type): it for it in changes(*sets)}


def test_where_nothing_changes_nothing_is_told() -> None:
    site, _plan = federating()
    assert between(site, site) == {}


def test_a_move_changes_the_edge_s_own_name_alone() -> None:
    site, _plan = federating()
    moved = replace(site, edges=(replace(EDGE, addresses=(IPv4Address("192.0.2.99"),)),))
    told = between(site, moved)
    assert told.keys() == {(EDGE.name, "A"), (EDGE.name, "AAAA")}
    assert told[EDGE.name, "A"].new == ("192.0.2.99",)
    assert told[EDGE.name, "A"].gone == ("192.0.2.10",)
    assert (told[EDGE.name, "AAAA"].new, told[EDGE.name, "AAAA"].gone) == ((), ("2001:db8::10",))


def test_in_layout_clearnet_the_server_name_moves_too() -> None:
    site, _plan = federating(Layout.CLEARNET)
    moved = replace(site, edges=(replace(EDGE, addresses=(IPv4Address("192.0.2.99"),)),))
    assert ("twinkle.example", "A") in between(site, moved)


def test_an_edge_that_goes_takes_its_share_of_each_record_set() -> None:
    site, _plan = federating()
    both = replace(site, edges=(EDGE, SECOND))
    told = between(both, site)
    srv = told["_matrix._tcp.twinkle.example", "SRV"]
    assert srv.new == ()
    assert all(it.endswith(SECOND.name) for it in srv.gone)
    assert told[SECOND.name, "A"].gone == ("192.0.2.2",)
    back = between(site, both)
    assert back[SECOND.name, "A"].new == ("192.0.2.2",)
