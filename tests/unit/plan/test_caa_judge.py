"""What CAA records mean for our names, and what becomes of those that others keep there."""

from __future__ import annotations

import pytest

from greygate.plan.caa_judge import Found, change_caa, judge_caa, shut_out
from greygate.plan.published import State
from greygate.plan.records import Need, RecordSet
from greygate.site.model import Zone
from greygate.spec.caa import Relevant, Untold, property_of
from greygate.spec.dns import Failure, Unanswered

NAME, ABOVE = "chat.twinkle.example", "twinkle.example"
OURS = '0 issue "ca.example;accounturi=https://ca.example/1;validationmethods=dns-01"'
EARLY = '0 issue "ca.example;validationmethods=dns-01"'  # before there is an account
LAX, GOOG = '0 issue "ca.example"', '0 issue "pki.goog"'
IODEF, NOBODY, WILD = '0 iodef "mailto:a@b.example"', '0 issuewild ";"', '0 issuewild "pki.goog"'
STRANGE = '128 contactemail "a@b.example"'


def records(need: Need, wanted: str = OURS) -> RecordSet:
    return RecordSet(
        zone=Zone(ABOVE), name=NAME, type="CAA", values=(wanted,), why="a test", need=need
    )


def found(*texts: str, where: str = NAME) -> Relevant | None:
    return Relevant(where, tuple(map(property_of, texts))) if texts else None


@pytest.mark.parametrize(
    ("need", "there", "state", "harms"),
    [
        (Need.ADVISED, found(), State.MISSING, False),
        (Need.MUST, found(), State.MISSING, True),
        (Need.UNBARRED, found(), State.RIGHT, False),
        (Need.MUST, found(OURS), State.RIGHT, False),
        (Need.MUST, found(OURS, IODEF, NOBODY), State.RIGHT, False),
        (Need.MUST, found(OURS, where=ABOVE), State.RIGHT, False),
        (Need.MUST, found(OURS, GOOG), State.WRONG, True),
        (Need.ADVISED, found(OURS, GOOG), State.WRONG, False),
        (Need.UNBARRED, found(OURS, GOOG), State.RIGHT, False),
        (Need.ADVISED, found(IODEF), State.MISSING, False),
        (Need.ADVISED, found(LAX), State.WRONG, False),
        (Need.ADVISED, found(GOOG), State.WRONG, True),
        (Need.ADVISED, found(GOOG, where=ABOVE), State.WRONG, True),
        (Need.UNBARRED, found('0 issue ";"'), State.WRONG, True),
        (Need.UNBARRED, found(LAX, STRANGE), State.WRONG, True),
        (Need.UNBARRED, Untold(NAME, Unanswered(Failure.SILENCE)), State.UNTOLD, True),
    ],
)
def test_what_is_there_is_judged_by_what_it_allows(
    need: Need, there: Found, state: State, harms: bool
) -> None:
    verdict = judge_caa(records(need), "a server", there)
    assert (verdict.state, verdict.harms) == (state, harms)
    assert bool(verdict.seen) == (state is not State.RIGHT)


def test_whose_the_records_are_is_told() -> None:
    assert f"(of {ABOVE})" in judge_caa(records(Need.MUST), "", found(GOOG, where=ABOVE)).seen


def test_before_there_is_an_account_any_may_be_ours() -> None:
    early = records(Need.UNBARRED, EARLY)
    assert judge_caa(early, "", found(OURS)).state is State.RIGHT
    assert judge_caa(early, "", found(GOOG)).state is State.WRONG


@pytest.mark.parametrize(
    ("need", "own", "above", "values"),
    [
        (Need.MUST, (), (), (OURS,)),
        (Need.MUST, (OURS, IODEF), (), None),
        (Need.MUST, (GOOG, IODEF, NOBODY), (), (IODEF, NOBODY, OURS)),
        (Need.MUST, (OURS, WILD, IODEF), (), (IODEF, OURS)),
        (Need.MUST, (LAX, STRANGE), (), (OURS,)),
        (Need.MUST, (), (GOOG, IODEF), (IODEF, OURS)),
        (Need.ADVISED, (), (), (OURS,)),
        (Need.ADVISED, (IODEF, WILD), (), (IODEF, WILD, OURS)),
        (Need.ADVISED, (LAX,), (), None),
        (Need.ADVISED, (), (LAX,), None),
        (Need.ADVISED, (GOOG, IODEF), (), (GOOG, IODEF, OURS)),
        (Need.UNBARRED, (GOOG,), (), (GOOG, OURS)),
        (Need.UNBARRED, (), (GOOG, IODEF), (GOOG, IODEF, OURS)),
        (Need.UNBARRED, (LAX,), (), None),
    ],
)
def test_what_others_keep_there_stays(
    need: Need, own: tuple[str, ...], above: tuple[str, ...], values: tuple[str, ...] | None
) -> None:
    there = found(*own) or found(*above, where=ABOVE)
    change = change_caa(records(need), own, there, replace_others=False)
    assert (change.records.values if change else None) == values
    if change is not None:
        after = found(*change.records.values)
        assert judge_caa(records(Need.UNBARRED), "", after).state is State.RIGHT
        assert change.seen == own


def test_others_go_where_that_is_asked_for() -> None:
    change = change_caa(records(Need.ADVISED), (LAX, IODEF), found(LAX, IODEF), replace_others=True)
    assert change is not None and change.records.values == (IODEF, OURS)
    assert "ca.example may not issue any more" in change.warning


def test_what_is_inherited_is_spelled_as_zone_files_do() -> None:
    odd = '0 iodef "mailto:\\"a\\\\b\\200"'
    change = change_caa(records(Need.MUST), (), found(odd, where=ABOVE), replace_others=False)
    assert change is not None and change.records.values == (odd, OURS)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ((), (OURS,), "every name below it, websites included"),
        ((IODEF,), (OURS,), "every name below it"),
        ((GOOG,), (GOOG, OURS), ""),
        ((GOOG, '0 issue ";"'), (OURS,), "pki.goog may not issue any more"),
        ((OURS.replace("/1", "/2"),), (OURS,), "for the account https://ca.example/2"),
    ],
)
def test_whom_it_shuts_out_is_told(
    before: tuple[str, ...], after: tuple[str, ...], words: str
) -> None:
    told = shut_out(NAME, after, found(*before))
    assert words in told
    assert bool(told) == bool(words)
