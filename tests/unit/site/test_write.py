from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import some_sites
from conftest import Golden
from greygate.site import defaults
from greygate.site.doubts import ALL
from greygate.site.making import standalone, trial
from greygate.site.model import (
    Editor,
    Layout,
    Names,
    Node,
    Opening,
    Overlay,
    Site,
    Support,
    Zone,
)
from greygate.site.parse import first_person_problem, parse
from greygate.site.write import site_text
from greygate.spec.server_name import ServerName

LABEL = st.from_regex(r"[a-z][a-z0-9]{0,10}", fullmatch=True)
HOST = st.lists(LABEL, min_size=2, max_size=4).map(".".join)
PEER = HOST.map(lambda host: f"tls://{host}:443?priority=1")
LISTEN = st.integers(1, 65535).map(lambda port: f"quic://[::]:{port}")
OPENING = st.builds(Opening, st.sampled_from(["tcp", "udp"]), st.integers(1, 65535))
ROUTED = st.integers(0, 2**120 - 1).map(lambda tail: IPv6Address(0x03 << 120 | tail))


def many(of: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(of, max_size=4, unique=True).map(tuple)


@st.composite
def overlays(draw: st.DrawFn) -> Overlay:
    node = draw(st.sampled_from(Node))
    loopback = node is Node.LOOPBACK
    return Overlay(
        node=node,
        address=None if loopback else draw(ROUTED if node is Node.ROUTED else st.none() | ROUTED),
        peers=draw(many(PEER)) if node in (Node.MANAGED, Node.SYSTEM) else (),
        listen=draw(many(LISTEN)) if node is Node.MANAGED else (),
        allow=() if loopback else tuple(draw(st.lists(OPENING, max_size=3, unique=True))),
        firewall=not loopback and draw(st.booleans()),
    )


@st.composite
def sites(draw: st.DrawFn) -> Site:
    name = ServerName.parse(draw(HOST))
    first = draw(st.from_regex(r"[a-z0-9._=/+-]{1,20}", fullmatch=True))
    assume(first_person_problem(first, name) is None)
    return Site(
        server_name=name,
        federation=False,
        trial=False,
        names=Names(client=draw(HOST), layout=draw(st.sampled_from([Layout.NONE, Layout.OVERLAY]))),
        overlay=draw(overlays()),
        first_person=first,
        support=Support(
            matrix_id=defaults.support_id(first, name),
            email=draw(st.none() | st.emails()),
            page=draw(st.none() | HOST.map(lambda host: f"https://{host}/?a=b#c")),
        ),
        accepted_doubts=tuple(ALL),
    )


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the machine may be busy
@given(sites())
def test_what_is_written_is_read_as_the_same_site(site: Site) -> None:
    assert parse(site_text(site)) == site


@pytest.mark.parametrize("node", Node)
def test_a_trial_is_read_as_the_same_trial(node: Node) -> None:
    site = trial("abcdefg2", node=node)
    if node is not Node.ROUTED:  # which needs an address
        assert parse(site_text(site)) == site
    assert str(site.server_name) == "trial-abcdefg2.internal"


def test_a_token_of_another_form_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        trial("ABCDEFGH")


def test_what_is_written_is_for_people(golden: Golden) -> None:
    golden("site/trial.toml", site_text(trial("abcdefg2")))
    golden("site/standalone.toml", site_text(standalone(ServerName.parse("twinkle.org"))))


def test_a_site_that_federates_is_read_as_the_same(golden: Golden) -> None:
    site, _plan = some_sites.federating(Layout.CLEARNET)
    zones = (Zone("other.example", Editor.ALFIS),)
    whole = replace(
        site,
        zones=zones,
        legacy_media=True,
        edges=(replace(site.edges[0], priority=20),),
        accepted_doubts=("doubt.not-public",),
    )
    text = site_text(whole)
    golden("site/federating.toml", text)
    assert parse(text) == replace(whole, support=parse(text).support)
