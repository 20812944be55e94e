"""What must be published, how it is typed, and what follows from what is."""

from __future__ import annotations

from dataclasses import replace

import pytest

import some_sites
from conftest import Golden
from greygate.cli.dns_report import plan_text
from greygate.plan.published import State, judged
from greygate.plan.records import Need, RecordSet, record_sets, zones
from greygate.plan.spelling import Spelling, told
from greygate.site.model import Certificates, Editor, Layout, Node, Zone
from greygate.spec.dns import Absence, Absent, Failure, TextAnswer, Texts, Unanswered

ACCOUNT = "https://acme.example/acct/1"
GUARD = f'0 issue "letsencrypt.org;accounturi={ACCOUNT};validationmethods=dns-01"'


def sets(layout: Layout = Layout.NONE) -> tuple[RecordSet, ...]:
    return record_sets(*some_sites.federating(layout))


def of(layout: Layout, name: str, kind: str) -> RecordSet:
    return next(it for it in sets(layout) if (it.name, it.type) == (name, kind))


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("spelling", Spelling)
def test_the_plan_is_typed_as_editors_want_it(
    layout: Layout, spelling: Spelling, golden: Golden
) -> None:
    site, plan = some_sites.federating(layout)
    if spelling is Spelling.ALFIS:
        site = replace(site, zones=(Zone("twinkle.example", Editor.ALFIS),))
    text = plan_text(site, record_sets(site, plan), spelling)
    golden(f"dns/{layout.value}.{spelling.value}.txt", text + "\n")


def test_each_zone_is_typed_in_its_own_way() -> None:
    site, plan = some_sites.federating()
    mixed = replace(site, zones=(Zone("other.example", Editor.ALFIS),))
    text = plan_text(mixed, record_sets(mixed, plan), None)
    assert "host              type  TTL" in text
    assert "edge  A     192.0.2.10" in text


def test_both_services_say_the_same() -> None:
    first, second = (it for it in sets() if it.type == "SRV")
    assert (
        first.values
        == second.values
        == (
            "10 10 8448 edge.other.example",
            "11 10 443 edge.other.example",
        )
    )


@pytest.mark.parametrize(
    ("layout", "kind", "need"),
    [
        (Layout.NONE, "A", Need.ABSENT),
        (Layout.NONE, "AAAA", Need.ABSENT),
        (Layout.OVERLAY, "A", Need.ABSENT),
        (Layout.OVERLAY, "AAAA", Need.MUST),
        (Layout.CLEARNET, "A", Need.MUST),
        (Layout.CLEARNET, "CAA", Need.MUST),
        (Layout.NONE, "CAA", Need.ADVISED),
    ],
)
def test_the_server_name_has_what_its_layout_wants(layout: Layout, kind: str, need: Need) -> None:
    assert of(layout, "twinkle.example", kind).need is need


def test_who_stands_alone_publishes_the_client_name_only() -> None:
    site = some_sites.site(Node.MANAGED)
    found = record_sets(site, some_sites.plan(site))
    assert [(it.name, it.type) for it in found if it.need is Need.MUST] == [
        ("m.twinkle.example", "AAAA")
    ]


def test_one_name_for_server_and_people_is_told_once() -> None:
    site, plan = some_sites.federating(Layout.OVERLAY)
    one = replace(site, names=replace(site.names, client="twinkle.example"))
    kinds = [it.type for it in record_sets(one, plan) if it.name == "twinkle.example"]
    assert sorted(kinds) == ["A", "AAAA", "CAA"]


def test_a_client_name_elsewhere_is_guarded_too() -> None:
    site, plan = some_sites.federating()
    apart = replace(site, names=replace(site.names, client="chat.third.example"))
    names = [it.name for it in record_sets(apart, plan) if it.type == "CAA"]
    assert names == ["twinkle.example", "chat.third.example"]


def test_without_an_issuer_there_is_no_guard() -> None:
    site, plan = some_sites.federating()
    plain = replace(site, certificates=Certificates())
    assert [it for it in record_sets(plain, plan) if it.type == "CAA"] == []


def test_alfis_has_no_caa() -> None:
    site, plan = some_sites.federating()
    alfis = replace(site, zones=(Zone("twinkle.example", Editor.ALFIS),))
    found = record_sets(alfis, plan)
    assert [it.type for it in found if it.type == "CAA"] == []
    assert [zone.name for zone in zones(found)] == ["twinkle.example", "other.example"]


@pytest.mark.parametrize("layout", Layout)
def test_a_family_that_is_not_in_the_plan_must_be_absent(layout: Layout) -> None:
    site, _plan = some_sites.federating(layout)
    one = replace(site, edges=(replace(site.edges[0], addresses=site.edges[0].addresses[:1]),))
    plan = some_sites.plan(one, edge_keys={"edge1": some_sites.EDGE_KEY})
    found = {(it.name, it.type): it.need for it in record_sets(one, plan)}
    led = ("twinkle.example",) if layout is Layout.CLEARNET else ()
    for name in ("edge.other.example", *led):
        assert (found[name, "A"], found[name, "AAAA"]) == (Need.MUST, Need.ABSENT)


def test_a_web_form_has_a_field_for_each_part_of_a_service() -> None:
    site, plan = some_sites.federating()
    text = plan_text(site, record_sets(site, plan), Spelling.TABLE)
    rows = [line.split() for line in text.splitlines() if "SRV" in line and line[0] == "_"]
    assert rows[0] == ["_matrix-fed._tcp", "SRV", "3600", "10", "10", "8448", "edge.other.example"]
    assert "priority  weight  port  target" in text


def test_json_says_the_same() -> None:
    assert told(of(Layout.NONE, "m.twinkle.example", "AAAA"))["values"] == [str(some_sites.ADDRESS)]


ABSENT = Absent(Absence.NO_NAME)
SILENT = Unanswered(Failure.SILENCE)


@pytest.mark.parametrize(
    ("name", "kind", "answer", "state"),
    [
        ("m.twinkle.example", "AAAA", Texts((str(some_sites.ADDRESS),)), State.RIGHT),
        ("m.twinkle.example", "AAAA", Texts((some_sites.ADDRESS.exploded,)), State.RIGHT),
        ("m.twinkle.example", "AAAA", Texts(("2001:db8::1",)), State.WRONG),
        ("m.twinkle.example", "AAAA", ABSENT, State.MISSING),
        ("m.twinkle.example", "AAAA", SILENT, State.UNTOLD),
        ("m.twinkle.example", "A", ABSENT, State.RIGHT),
        ("m.twinkle.example", "A", Texts(("192.0.2.1",)), State.UNWANTED),
        ("edge.other.example", "A", Texts(("192.0.2.10",), ("a.example",)), State.WRONG),
        (
            "_matrix._tcp.twinkle.example",
            "SRV",
            Texts(("11 10 443 EDGE.other.example.", "10 10 8448 edge.other.example")),
            State.RIGHT,
        ),
        ("_matrix._tcp.twinkle.example", "SRV", Texts(("10 10 8448 x.example",)), State.WRONG),
        ("twinkle.example", "CAA", Texts((GUARD,)), State.RIGHT),
    ],
)
def test_what_is_published_is_judged(
    name: str, kind: str, answer: TextAnswer, state: State
) -> None:
    verdict = judged(of(Layout.NONE, name, kind), "a server", answer)
    assert verdict.state is state
    assert verdict.harms == (state is not State.RIGHT)
    assert bool(verdict.seen) == (state is not State.RIGHT)


def test_advice_that_was_not_taken_harms_nobody() -> None:
    assert not judged(of(Layout.NONE, "twinkle.example", "CAA"), "a server", ABSENT).harms


def test_where_names_lead_to_be_proved() -> None:
    site, plan = some_sites.federating()
    alias = ("_acme-challenge.edge.other.example", "1234.auth.example")
    found = [it for it in record_sets(site, replace(plan, aliases=(alias,))) if it.type == "CNAME"]
    assert [(it.zone.name, it.name, it.values) for it in found] == [
        ("other.example", alias[0], (alias[1],))
    ]
    answer = Texts((alias[1],))
    assert judged(found[0], "ns", answer).state is State.RIGHT
    assert judged(found[0], "ns", Texts(("5678.auth.example",))).state is State.WRONG
