"""What follows from what is there: differences, their digest, and when they are too many."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greygate.plan.changes import Change, Kind, change_of, digest, unsafe
from greygate.plan.records import Need, RecordSet
from greygate.site.model import Zone
from greygate.spec.dns import Absence, Absent, Texts

ZONE = Zone("twinkle.example")
NOTHING = Absent(Absence.NO_NAME)


def records(kind: str, *values: str, name: str = "a.twinkle.example") -> RecordSet:
    need = Need.MUST if values else Need.ABSENT
    return RecordSet(zone=ZONE, name=name, type=kind, values=values, why="", need=need)


@pytest.mark.parametrize(
    ("wanted", "answer", "alias", "kind"),
    [
        (("192.0.2.1",), Texts(("192.0.2.1",)), None, None),
        (("192.0.2.1",), NOTHING, None, Kind.CREATE),
        (("192.0.2.1",), Texts(("192.0.2.2",)), None, Kind.REPLACE),
        (("192.0.2.1",), Texts(("192.0.2.1", "192.0.2.2")), None, Kind.REPLACE),
        (("192.0.2.1",), NOTHING, "b.example", Kind.REPLACE),
        (("192.0.2.1",), Texts(("192.0.2.1",), ("b.example",)), "b.example", Kind.REPLACE),
        ((), NOTHING, None, None),
        ((), NOTHING, "b.example", None),
        ((), Texts(("192.0.2.1",)), None, Kind.DELETE),
        ((), Texts(("192.0.2.1",), ("b.example",)), "b.example", Kind.DELETE),
    ],
)
def test_what_must_become_of_a_record_set(
    wanted: tuple[str, ...], answer: Texts | Absent, alias: str | None, kind: Kind | None
) -> None:
    found = change_of(records("A", *wanted), answer, alias)
    assert (found.kind if found else None) is kind
    if found is not None:
        assert found.destroys == (kind is not Kind.CREATE)
        assert found.alias == alias
        assert not (found.alias and found.seen)


def test_an_alias_that_is_wanted_is_compared_as_such() -> None:
    wanted = records("CNAME", "b.example")
    assert change_of(wanted, Texts(("B.example",)), "B.example") is None
    found = change_of(wanted, Texts(("c.example",)), "c.example")
    assert found == Change(wanted, ("c.example",))


def test_a_guard_is_compared_by_what_it_means() -> None:
    wanted = records("CAA", '0 issue "ca.example;accounturi=https://a/1"')
    assert change_of(wanted, Texts(('0 issue "ca.example; accounturi=https://a/1"',))) is None
    assert change_of(wanted, Texts(('0 issue "ca.example; accounturi=https://a/2"',))) is not None
    mail = records("CAA", '0 iodef "mailto:a@b.example"')
    assert change_of(mail, Texts(('0 iodef "mailto:c@b.example"',))) is not None


REPLACED = Change(records("A", "192.0.2.1"), ("192.0.2.2",))
CREATED = Change(records("A", "192.0.2.1"), ())


@pytest.mark.parametrize(
    ("changes", "there", "safe"),
    [
        ([REPLACED] * 2, 6, True),
        ([REPLACED] * 3, 6, False),
        ([CREATED] * 9, 6, True),
        ([REPLACED] * 4, 4, True),  # a zone for an edge alone
        ([Change(records("NS", "ns.example"), ("old.example",))], 100, True),
        ([Change(records("NS", "ns.example", name=ZONE.name), ())], 100, False),
    ],
)
def test_more_than_a_third_is_not_meant(changes: list[Change], there: int, safe: bool) -> None:
    why = unsafe(ZONE.name, changes, there)
    assert (why is None) == safe
    assert why is None or ZONE.name in why


def test_a_digest_is_of_these_changes_alone() -> None:
    others = (
        replace(REPLACED, seen=("192.0.2.3",)),
        replace(REPLACED, records=records("A", "192.0.2.9")),
        replace(REPLACED, seen=(), alias="b.example"),
    )
    assert len({digest([it]) for it in (REPLACED, CREATED, *others)}) == 5
    assert digest([REPLACED]) == digest([replace(REPLACED)])
    assert len(digest([])) == 12
