"""What is published in DNS, judged by what should be: values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address

from greygate.plan.records import Need, RecordSet
from greygate.spec.caa import RESTRICTING, issuer, property_of
from greygate.spec.dns import Absent, TextAnswer, Texts, Unanswered
from greygate.text import _, listing


class State(Enum):
    """How a record set is, as one server tells it."""

    RIGHT = "right"
    MISSING = "not there"
    WRONG = "wrong"
    UNWANTED = "should not be there"
    UNTOLD = "cannot ask"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One record set at one server."""

    records: RecordSet
    server: str
    state: State
    seen: str  # what was seen in place of it; empty where it is right
    authoritative: bool = True  # the server is the zone's own; others may be late, or lie
    wildcard: bool = False  # the name has nothing of its own: `*` answers for it (RFC 4592)
    ttl: int | None = None  # seconds for which a resolver goes on telling it
    warning: str = ""  # what publishing it would do to others

    @property
    def harms(self) -> bool:
        """Whether somebody is shut out by it, or may be; advice that was not taken harms nobody."""
        return (
            self.authoritative
            and self.state is not State.RIGHT
            and self.records.need is not Need.ADVISED
        )


def judged(records: RecordSet, server: str, answer: TextAnswer) -> Verdict:
    """What follows from one answer; for CAA see `caa_judge`."""
    match answer:
        case Unanswered() as untold:
            return Verdict(records, server, State.UNTOLD, str(untold))
        case Absent() if records.need is Need.ABSENT:
            return Verdict(records, server, State.RIGHT, "")
        case Absent(aliases=aliases, ttl=ttl) if aliases and records.type != "CNAME":
            return Verdict(records, server, State.WRONG, _alias(aliases), ttl=ttl)
        case Absent(how, ttl=ttl):
            return Verdict(records, server, State.MISSING, how.value, ttl=ttl)
        case Texts(values=values, aliases=aliases, ttl=ttl):
            return Verdict(records, server, *_compared(records, values, aliases), ttl=ttl)


def same(kind: str, some: Iterable[str], others: Iterable[str]) -> bool:
    """Whether values mean the same records."""
    return {_plain(kind, it) for it in some} == {_plain(kind, it) for it in others}


def _compared(
    records: RecordSet, values: tuple[str, ...], aliases: tuple[str, ...]
) -> tuple[State, str]:
    seen = listing(values)
    if records.need is Need.ABSENT:
        return State.UNWANTED, seen
    if aliases and not records.may_alias:
        return State.WRONG, _alias(aliases)
    right = same(records.type, records.values, values)
    return (State.RIGHT, "") if right else (State.WRONG, seen)


def _alias(aliases: tuple[str, ...]) -> str:
    """RFC 2782 and the specification: what SRV leads to has addresses of its own."""
    return _("an alias of {names}").format(names=listing(aliases))


def _plain(kind: str, value: str) -> str:
    """A value as it is compared: addresses by number, names without regard to case."""
    match kind:
        case "A" | "AAAA":
            return str(ip_address(value))
        case "CAA":
            record = property_of(value)
            meant = issuer(record.value) if record.tag in RESTRICTING else record.value
            return f"{record.flags} {record.tag} {meant}"
        case _:
            return value.lower().removesuffix(".")
