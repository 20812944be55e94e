"""What is published in DNS, judged by what should be: values only."""

from __future__ import annotations

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

    @property
    def harms(self) -> bool:
        """Whether somebody is shut out by it, or may be; advice that was not taken harms nobody."""
        return self.state is not State.RIGHT and self.records.need is not Need.ADVISED


def judged(records: RecordSet, server: str, answer: TextAnswer) -> Verdict:
    """What follows from one answer."""
    match answer:
        case Unanswered() as untold:
            return Verdict(records, server, State.UNTOLD, str(untold))
        case Absent(how):
            there = State.RIGHT if records.need is Need.ABSENT else State.MISSING
            return Verdict(records, server, there, "" if there is State.RIGHT else how.value)
        case Texts(values=values, aliases=aliases):
            return Verdict(records, server, *_compared(records, values, aliases))


def _compared(
    records: RecordSet, values: tuple[str, ...], aliases: tuple[str, ...]
) -> tuple[State, str]:
    seen = listing(values)
    if records.need is Need.ABSENT:
        return State.UNWANTED, seen
    if aliases:
        # RFC 2782 and the specification: what SRV leads to has addresses of its own.
        return State.WRONG, _("an alias of {names}").format(names=listing(aliases))
    wanted = {_plain(records.type, value) for value in records.values}
    same = {_plain(records.type, value) for value in values} == wanted
    return (State.RIGHT, "") if same else (State.WRONG, seen)


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
