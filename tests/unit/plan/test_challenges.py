"""What leads to a name server on an edge, and which names need a guard for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

import some_sites
from greygate.cli.dns_report import plan_text
from greygate.plan.challenges import led_to_edges, needs_guard, serving
from greygate.plan.records import Need, RecordSet, record_sets
from greygate.plan.seal import unsealed
from greygate.plan.spelling import Spelling
from greygate.site.model import Certificates, Challenge, Editor, Layout, Site, Source, Zone
from greygate.spec.caa import answered
from greygate.spec.dns import Absence, Absent, Texts

HOST, CLIENT, EDGE = "twinkle.example", "m.twinkle.example", "edge.other.example"
ACME = f"acme.{EDGE}"
ACCOUNT = "https://acme.example/acct/1"
GUARD = f'0 issue "letsencrypt.org;accounturi={ACCOUNT};validationmethods=dns-01"'
NOTHING = Absent(Absence.NO_NAME)


def zone(name: str, editor: Editor = Editor.MANUAL) -> Zone:
    own = Challenge.OWN_DNS
    return Zone(name, editor, challenge=own, edge="edge1", challenge_zone=ACME)


def site(*zones: Zone, layout: Layout = Layout.NONE, source: Source = Source.ACME) -> Site:
    usual, _plan = some_sites.federating(layout)
    certificates = Certificates(source=source, issuer="letsencrypt.org", account=ACCOUNT)
    return replace(usual, zones=zones, certificates=certificates)


def published(made: Site) -> dict[tuple[str, str], RecordSet]:
    plan = some_sites.plan(made, edge_keys={"edge1": some_sites.EDGE_KEY})
    return {(it.name, it.type): it for it in record_sets(made, plan)}


def test_each_name_of_such_a_zone_has_its_alias_and_the_edge_its_delegation() -> None:
    found = published(site(zone(HOST), zone("other.example")))
    for name in (HOST, CLIENT, EDGE):
        assert found[f"_acme-challenge.{name}", "CNAME"].values == (f"{name}.{ACME}",)
    assert found[ACME, "NS"].values == (EDGE,)
    assert found[ACME, "NS"].zone.name == "other.example"
    assert found[HOST, "CAA"].need is Need.MUST


def test_a_zone_proved_otherwise_leads_nowhere() -> None:
    made = site(zone("other.example"))
    assert [name for name, _zone in led_to_edges(made)] == [EDGE]
    assert serving(made) == {"edge1": ACME}
    assert needs_guard(made) == ()  # the edge's own name is the edge's, whatever is published
    assert published(made)[HOST, "CAA"].need is Need.ADVISED


def test_where_nothing_is_ordered_nothing_leads_anywhere() -> None:
    made = site(zone(HOST), source=Source.OWN)
    assert (led_to_edges(made), serving(made), needs_guard(made)) == ((), {}, ())


@pytest.mark.parametrize(
    ("layout", "zones", "guarded"),
    [
        (Layout.NONE, (HOST,), (HOST, CLIENT)),
        (Layout.CLEARNET, (HOST,), (HOST, CLIENT)),
        (Layout.CLEARNET, (), (HOST,)),
        (Layout.NONE, (CLIENT,), (CLIENT,)),
    ],
)
def test_who_holds_the_edge_could_prove_these(
    layout: Layout, zones: tuple[str, ...], guarded: tuple[str, ...]
) -> None:
    assert needs_guard(site(*map(zone, zones), layout=layout)) == guarded


def test_a_name_below_inherits_the_guard() -> None:
    found = published(site(zone(CLIENT)))
    assert found[HOST, "CAA"].need is Need.MUST
    assert (CLIENT, "CAA") not in found


def test_the_name_of_another_edge_is_guarded_too() -> None:
    """Edge 1 answers the challenges of both: its own name is its own, that of edge 2 is not."""
    made = site(zone("other.example"))
    second = replace(made.edges[0], id="edge2", name="second.other.example")
    both = replace(made, edges=(*made.edges, second))
    plan = some_sites.plan(both, edge_keys=dict.fromkeys(("edge1", "edge2"), some_sites.EDGE_KEY))
    guards = {it.name: it.need for it in record_sets(both, plan) if it.type == "CAA"}
    assert needs_guard(both) == ("second.other.example",)
    assert guards == {HOST: Need.ADVISED, "second.other.example": Need.MUST}
    assert "second.other.example" in (missing(both, {HOST: GUARD}) or "")
    assert missing(both, {"second.other.example": GUARD}) is None


def missing(made: Site, caa: dict[str, str]) -> str | None:
    return answered(
        unsealed(made),
        lambda asked: Texts((caa[asked.name],)) if asked.name in caa else NOTHING,
    )


def test_it_is_sealed_by_the_guard_alone() -> None:
    made = site(zone(HOST), zone("other.example"))
    assert missing(made, {HOST: GUARD}) is None
    assert GUARD in (missing(made, {}) or "")
    assert CLIENT in (missing(made, {HOST: GUARD, CLIENT: '0 issue "letsencrypt.org"'}) or "")


def test_where_there_is_no_caa_another_challenge_is_advised() -> None:
    made = site(zone(HOST, Editor.ALFIS), zone("other.example"))
    assert "own-dns" in (missing(made, {}) or "")


def test_a_delegation_is_typed_with_its_dot() -> None:
    made = site(zone("other.example"))
    plan = some_sites.plan(made, edge_keys={"edge1": some_sites.EDGE_KEY})
    text = plan_text(made, record_sets(made, plan), Spelling.ZONE)
    assert f"{ACME}. 3600 IN NS {EDGE}." in text.splitlines()
