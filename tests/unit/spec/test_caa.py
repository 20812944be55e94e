"""Whether an authority may issue: the sections of RFC 8659 and 8657, a test for each rule."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as some

from greygate.spec.caa import (
    Allowed,
    Forbidden,
    Issuer,
    LookUpCaa,
    Order,
    Property,
    Ruling,
    Untold,
    answered,
    issuer,
    may_issue,
    property_of,
)
from greygate.spec.dns import Absence, Absent, Failure, TextAnswer, Texts, Unanswered

ACCOUNT = "https://ca.example/acct/1"
NO_NAME, NO_RECORD = Absent(Absence.NO_NAME), Absent(Absence.NO_RECORD)
SILENCE = Unanswered(Failure.SILENCE)

Tree = Mapping[str, TextAnswer]


def ruled(tree: Tree, name: str = "a.home.example", **changed: object) -> Ruling:
    wanted = {"authorities": ("CA.example", "old-ca.example"), "account": ACCOUNT, **changed}
    order = Order(name=name, **wanted)  # type: ignore[arg-type]
    return answered(may_issue(order), lambda question: tree.get(question.name, NO_NAME))


def why(*records: str, name: str = "home.example", **changed: object) -> str | None:
    """Why it may not be issued where the name has these records; None where it may."""
    match ruled({"home.example": Texts(records)}, name, **changed):
        case Allowed("home.example"):
            return None
        case Forbidden("home.example", because):
            return because
        case other:
            raise AssertionError(other)


def test_3_the_tree_is_climbed_from_the_name_to_its_top() -> None:
    asked: list[str] = []

    def answer(question: LookUpCaa) -> TextAnswer:
        asked.append(question.name)
        return NO_RECORD

    order = Order(name="A.home.example.", authorities=("ca.example",), account=None)
    assert answered(may_issue(order), answer) == Allowed(None)
    assert asked == ["a.home.example", "home.example", "example"]


def test_3_the_nearest_records_count_alone() -> None:
    tree = {
        "a.home.example": Texts(('0 issue "ca.example"',)),
        "home.example": Texts(('0 issue ";"',)),
    }
    assert ruled(tree) == Allowed("a.home.example")
    assert ruled(tree, "b.home.example") == Forbidden(
        "home.example", "a property that lets nobody issue"
    )


def test_3_a_wildcard_is_looked_up_without_its_star() -> None:
    assert ruled({"home.example": Texts(('0 issue "ca.example"',))}, "*.home.example") == Allowed(
        "home.example"
    )


def test_3_what_nobody_tells_allows_nothing() -> None:
    tree: Tree = {"home.example": SILENCE, "example": Texts(('0 issue "ca.example"',))}
    found = ruled(tree)
    assert found == Untold("home.example", SILENCE)
    assert str(found) == "cannot look up CAA of home.example: time-out"


def test_4_1_a_critical_property_that_is_unknown_forbids() -> None:
    assert "future" in (why('128 future "x"', '0 issue "ca.example"') or "")
    assert why('128 iodef "mailto:a@b.example"', '0 issue "ca.example"') is None
    assert why('0 future "x"', '0 issue "ca.example"') is None
    assert why('127 future "x"') is None  # 4.1: the other bits mean nothing


@pytest.mark.parametrize(
    ("records", "allowed"),
    [
        (('0 issue "ca.example"',), True),
        (('0 ISSUE "CA.Example"',), True),
        (('0 issue "old-ca.example"',), True),
        (('0 issue "other.example"',), False),
        (('0 issue "other.example"', '0 issue "ca.example"'), True),
        (('0 issue ";"',), False),
        (('0 issue ""',), False),
        (('0 issue "; x=y"',), False),
        (('0 issue "ca.example; policy=ev"',), True),
        (('0 issue "ca.example; %%%"',), False),
        (('0 issue "-ca.example"',), False),
        (('0 iodef "mailto:a@b.example"',), True),
        (('0 issuewild ";"',), True),
    ],
)
def test_4_2_issue_names_who_may(records: tuple[str, ...], allowed: bool) -> None:
    assert (why(*records) is None) == allowed


@pytest.mark.parametrize(
    ("records", "allowed"),
    [
        (('0 issue "ca.example"',), True),
        (('0 issue ";"', '0 issuewild "ca.example"'), True),
        (('0 issue "ca.example"', '0 issuewild ";"'), False),
        (('0 issuewild "other.example"',), False),
        (('0 iodef "mailto:a@b.example"',), True),
    ],
)
def test_4_3_issuewild_has_the_word_for_wildcards(records: tuple[str, ...], allowed: bool) -> None:
    assert (why(*records, name="*.home.example") is None) == allowed


def test_8657_3_only_that_account() -> None:
    record = f'0 issue "ca.example; accounturi={ACCOUNT}"'
    assert why(record) is None
    assert ACCOUNT in (why(record, account="https://ca.example/acct/2") or "")
    assert ACCOUNT in (why(record, account=None) or "")
    assert "malformed" in (why(record.replace("acct/1", f"acct/1; accounturi={ACCOUNT}")) or "")


@pytest.mark.parametrize(
    ("methods", "allowed"),
    [
        ("dns-01", True),
        ("http-01,dns-01", True),
        ("http-01", False),
        ("DNS-01", False),
        ("", False),
        ("dns-01,", False),
        ("dns-01; validationmethods=dns-01", False),
        ("dns_01", False),
    ],
)
def test_8657_4_only_those_methods(methods: str, allowed: bool) -> None:
    assert (why(f'0 issue "ca.example; validationmethods={methods}"') is None) == allowed


def test_every_refusal_is_told_once() -> None:
    records = ('0 issue "b.example"', '0 issue "c.example"', '0 issue "b.example; a=b"')
    assert why(*records) == "b.example may issue; c.example may issue"


def test_values_are_read_as_zone_files_write_them() -> None:
    assert property_of('0 issue "a\\"b\\059c\\\\"') == Property(0, "issue", 'a"b;c\\')
    assert property_of("0 issue ca.example") == Property(0, "issue", "ca.example")
    assert property_of("no record") == Property(0, "", "no record")


def test_parameters_are_read_around_blanks() -> None:
    assert issuer("CA.example ; accounturi = https://a/1 ;validationmethods=a,b") == Issuer(
        "ca.example", "https://a/1", frozenset({"a", "b"})
    )


words = some.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True)
values = some.from_regex(r"[!-:<-~]*", fullmatch=True)


@given(words, words, values)
def test_what_is_well_formed_is_read(domain: str, tag: str, value: str) -> None:
    read = issuer(f"{domain}.example; x-{tag}={value}")
    assert read == Issuer(f"{domain}.example")


@given(some.text(max_size=40), some.sampled_from(("a.home.example", "*.home.example")))
def test_hostile_text_never_breaks_the_judge(text: str, name: str) -> None:
    tree = {"home.example": Texts((text, f'0 issue "{text}"', f"128 issue {text}"))}
    assert isinstance(ruled(tree, name), Allowed | Forbidden)


@given(some.lists(some.sampled_from((NO_NAME, NO_RECORD, SILENCE, None)), min_size=3, max_size=3))
def test_only_an_answer_that_restricts_nothing_allows_all(answers: list[TextAnswer | None]) -> None:
    mine = Texts(('0 issue "ca.example"',))
    levels = ("a.home.example", "home.example", "example")
    tree = {name: it or mine for name, it in zip(levels, answers, strict=True)}
    first = next((it for it in answers if it not in (NO_NAME, NO_RECORD)), NO_NAME)
    found = ruled(tree)
    assert isinstance(found, Untold) == (first is SILENCE)
    assert isinstance(found, Allowed) == (first is not SILENCE)
