"""What an edge reaches at home: the ingress, and no door of people's."""

from __future__ import annotations

from greygate.components.firewall import files, reachable, reachable_from_edges
from greygate.plan.edges import INGRESS_PORT
from greygate.site.model import Opening
from some_sites import federating, managed


def test_the_ingress_is_for_edges_alone() -> None:
    site, plan = federating()
    ingress = Opening("tcp", INGRESS_PORT)
    assert reachable_from_edges(plan) == (ingress,)
    assert ingress not in reachable(site, plan)


def test_an_edge_is_turned_away_before_people_are_let_in() -> None:
    site, plan = federating()
    rules, _guard = files(site, plan)
    edge = f"ip6 saddr {{ {plan.edges[0].address} }}"
    turned_away = rules.text.index(f"{edge} tcp dport {{ 443, 8448 }} counter drop")
    let_in = rules.text.index("tcp dport { 443, 8448 } accept")
    assert turned_away < let_in


def test_without_edges_there_is_no_ingress() -> None:
    site, plan = managed()
    assert reachable_from_edges(plan) == ()
    rules, _guard = files(site, plan)
    assert str(INGRESS_PORT) not in rules.text
