from __future__ import annotations

from ipaddress import IPv6Address

import pytest

import some_sites
from greygate.plan.plan import CLIENT_PORT, FEDERATION_PORT, LOOPBACK, TRY_OUT_PORT, Listener


def test_people_are_served_on_the_overlay_address() -> None:
    _site, plan = some_sites.managed()
    assert plan.addresses == (some_sites.ADDRESS,)
    assert plan.listeners == (
        Listener("client", CLIENT_PORT),
        Listener("federation", FEDERATION_PORT),
    )
    assert plan.base_url == "https://m.twinkle.example"
    assert plan.address_url == f"https://[{some_sites.ADDRESS}]"


def test_the_certificate_covers_both_names_and_the_address() -> None:
    _site, plan = some_sites.managed()
    assert plan.certificate.names == ("twinkle.example", "m.twinkle.example")
    assert plan.certificate.addresses == plan.addresses


def test_without_an_overlay_it_answers_on_loopback_at_a_free_port() -> None:
    _site, plan = some_sites.loopback()
    assert plan.addresses == LOOPBACK
    assert plan.listeners[0].port == TRY_OUT_PORT
    assert plan.address_url == f"https://127.0.0.1:{TRY_OUT_PORT}"
    assert "localhost" in plan.certificate.names
    assert not plan.accounts


@pytest.mark.parametrize("make", [some_sites.trial, some_sites.loopback])
def test_where_no_name_resolves_apps_are_told_the_address(make: some_sites.Make) -> None:
    _site, plan = make()
    assert plan.base_url == plan.address_url


def test_an_address_behind_a_node_is_as_good() -> None:
    _site, plan = some_sites.routed()
    assert plan.addresses == (IPv6Address("300:dae5:dc65:9fd5::12"),)


@pytest.mark.parametrize(
    ("version", "often"), [(None, False), ((0, 5, 12), False), ((0, 5, 13), True)]
)
def test_a_node_that_bears_it_dials_its_edges_every_few_seconds(
    version: tuple[int, int, int] | None, often: bool
) -> None:
    site, _plan = some_sites.federating()
    keys = {some_sites.EDGE.id: some_sites.EDGE_KEY}
    plan = some_sites.plan(site, edge_keys=keys, node_version=version)
    edges = [uri for link in plan.edges for uri in link.peers]
    assert edges
    assert all(uri.endswith("&maxbackoff=5s") == often for uri in edges)
    assert set(edges) <= set(plan.peers)
