"""What is published against what should be: the differences, their digest, and whether they are
too many to be meant."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from greygate.plan.published import State, judged
from greygate.plan.records import RecordSet
from greygate.spec.dns import Absent, Texts
from greygate.text import _

DIGEST = 12  # hexadecimal digits: enough that nobody agrees to another plan than was shown
# Of fewer record sets than these nothing can be called wholesale: a zone that holds an edge alone
# has four, and two of them change when the edge moves.
FEWEST = 5
LARGEST_SHARE = 3  # one in so many


class Kind(Enum):
    """What becomes of a record set."""

    CREATE = "create"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: the record set as it should be, and what is there in its place."""

    records: RecordSet
    seen: tuple[str, ...]
    alias: str | None = None  # where a CNAME leads that is in the way
    warning: str = ""  # what it does to others

    @property
    def kind(self) -> Kind:
        if not self.records.values:
            return Kind.DELETE
        return Kind.REPLACE if self.seen or self.alias else Kind.CREATE

    @property
    def destroys(self) -> bool:
        """Whether something is lost by it that was there before."""
        return self.kind is not Kind.CREATE


def change_of(
    records: RecordSet, answer: Texts | Absent, alias: str | None = None
) -> Change | None:
    """What must become of a record set; None where it is right.

    `alias`: where a CNAME of that very name leads, which no other record may stand beside.
    """
    if records.type == "CNAME" or (
        records.may_alias and judged(records, "", answer).state is State.RIGHT
    ):
        alias = None
    seen = answer.values if isinstance(answer, Texts) and alias is None else ()
    if alias is not None:
        wanted_or_seen = bool(records.values) or isinstance(answer, Texts)
        return Change(records, (), alias) if wanted_or_seen else None
    right = judged(records, "", answer).state is State.RIGHT
    return None if right else Change(records, seen)


def unsafe(zone: str, changes: Sequence[Change], there: int) -> str | None:
    """Why these changes are more than one should make unasked; `there`: record sets of the zone."""
    if any(it.records.type == "NS" and it.records.name == zone for it in changes):
        return _("the name servers of {zone} itself would change").format(zone=zone)
    lost = sum(it.destroys for it in changes)
    if there >= FEWEST and lost * LARGEST_SHARE > there:
        return _("{lost} of {there} record sets of {zone} would change").format(
            lost=lost, there=there, zone=zone
        )
    return None


def digest(changes: Iterable[Change]) -> str:
    """What tells these changes from all others."""
    told = [
        (
            *(it.records.zone.name, it.records.name, it.records.type),
            *(sorted(it.records.values), sorted(it.seen), it.alias),
        )
        for it in changes
    ]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:DIGEST]
