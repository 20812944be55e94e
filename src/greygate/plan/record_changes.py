"""What changes in DNS between two plans of one site: record sets to publish, and to take away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from greygate.plan.records import Need, RecordSet


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One record set: the values that go, and those that come."""

    records: RecordSet  # as it will be; without values where it goes as a whole
    gone: tuple[str, ...]
    new: tuple[str, ...]


def changes(
    before: tuple[RecordSet, ...], after: tuple[RecordSet, ...]
) -> tuple[RecordChange, ...]:
    """The record sets that differ, in the order of the later plan, then those that go."""
    return tuple(it for it in _changes(before, after) if it.gone or it.new)


def _changes(before: tuple[RecordSet, ...], after: tuple[RecordSet, ...]) -> Iterator[RecordChange]:
    known = {_place(it): it for it in before}
    for later in after:
        former = known.pop(_place(later), None)
        values = () if former is None else former.values
        yield _change(later, values, later.values)
    for former in known.values():
        yield _change(replace(former, values=(), need=Need.ABSENT), former.values, ())


def _change(records: RecordSet, before: tuple[str, ...], after: tuple[str, ...]) -> RecordChange:
    return RecordChange(
        records,
        gone=tuple(it for it in before if it not in after),
        new=tuple(it for it in after if it not in before),
    )


def _place(records: RecordSet) -> tuple[str, str]:
    return records.name, records.type
