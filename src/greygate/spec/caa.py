"""Whether an authority may issue for a name, by CAA records (RFC 8659), to whom and how (RFC 8657).

The generators here ask nothing themselves: they yield a question, are sent its answer, and return
what follows. The sections in comments are RFC 8659's where no other is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from greygate.spec.dns import Absent, TextAnswer, Texts, Unanswered, bare
from greygate.text import _, listing

ISSUE, ISSUE_WILD = RESTRICTING = ("issue", "issuewild")
CRITICAL = 128  # 4.1: bit 0 of the flags
# 4.1.1 and RFC 9495; to an authority that heeds the critical flag every other tag is unknown.
KNOWN_TAGS = frozenset((ISSUE, ISSUE_WILD, "iodef", "issuemail"))
WILDCARD = "*."

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class LookUpCaa:
    """Which CAA records has the name itself, aliases followed?"""

    name: str


Asking = Generator[LookUpCaa, TextAnswer, R]


@dataclass(frozen=True, slots=True)
class Property:
    """One CAA record."""

    flags: int
    tag: str  # in small letters: 4.1 compares without regard to case
    value: str

    @property
    def critical(self) -> bool:
        return bool(self.flags & CRITICAL)

    @property
    def is_unknown(self) -> bool:
        return self.tag not in KNOWN_TAGS


@dataclass(frozen=True, slots=True)
class Issuer:
    """What an `issue` or `issuewild` property allows; nobody where `domain` is empty."""

    domain: str
    account: str | None = None  # the one account that may order (RFC 8657, 3)
    methods: frozenset[str] | None = None  # the ways to prove a name (RFC 8657, 4)
    malformed: bool = False  # nobody satisfies it


@dataclass(frozen=True, slots=True)
class Relevant:
    """The CAA records that count for a name, and whose they are: its own, or of one above it."""

    where: str
    properties: tuple[Property, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Tags that nobody knows and nobody may pass over: then nobody may issue (4.1)."""
        return tuple(it.tag for it in self.properties if it.critical and it.is_unknown)

    def issuers(self, *, wildcard: bool = False) -> tuple[Issuer, ...] | None:
        """Who may issue; None where the records do not restrict that (4.2, 4.3)."""
        for tag in (ISSUE_WILD, ISSUE) if wildcard else (ISSUE,):
            if found := tuple(issuer(it.value) for it in self.properties if it.tag == tag):
                return found
        return None


@dataclass(frozen=True, slots=True)
class Untold:
    """Nobody told which CAA records a name has: an authority may not issue then (3)."""

    where: str
    answer: Unanswered

    def __str__(self) -> str:
        return _("cannot look up CAA of {name}: {why}").format(name=self.where, why=self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A certificate that somebody wants."""

    name: str
    authorities: Sequence[str]  # by which names the authority is meant: its `caaIdentities`
    account: str | None  # the ACME account's URI; None before there is one
    method: str = "dns-01"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The authority may issue; `where`: whose records say so, None where nothing restricts it."""

    where: str | None


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The authority may not issue, and why."""

    where: str
    why: str


Ruling = Allowed | Forbidden | Untold


def answered(asking: Asking[R], answer: Callable[[LookUpCaa], TextAnswer]) -> R:
    """What comes of the questions when each gets its answer."""
    try:
        question = next(asking)
        while True:
            question = asking.send(answer(question))
    except StopIteration as end:
        result: R = end.value
        return result


def may_issue(order: Order) -> Asking[Ruling]:
    """Yield what must be looked up, be sent what was seen, return whether it may be issued."""
    match (yield from relevant(order.name)):
        case None:
            return Allowed(None)
        case Untold() as untold:
            return untold
        case Relevant() as found:
            return ruling(order, found)


def relevant(name: str) -> Asking[Relevant | Untold | None]:
    """Climb the tree to the first name that has CAA records (3); None where none up to the root."""
    labels = bare(name).removeprefix(WILDCARD).split(".")
    for place in range(len(labels)):
        where = ".".join(labels[place:])
        match (yield LookUpCaa(where)):
            case Absent():
                continue
            case Unanswered() as silence:
                return Untold(where, silence)
            case Texts(values=values):
                return Relevant(where, tuple(map(property_of, values)))
    return None


def ruling(order: Order, found: Relevant) -> Allowed | Forbidden:
    """What the records that count for a name say to one order."""
    if found.unknown:
        why = _("a critical property that no authority knows: {tags}")
        return Forbidden(found.where, why.format(tags=listing(found.unknown)))
    issuers = found.issuers(wildcard=order.name.startswith(WILDCARD))
    if issuers is None:
        return Allowed(found.where)
    refusals = [refusal(it, order) for it in issuers]
    if None in refusals:
        return Allowed(found.where)
    return Forbidden(found.where, "; ".join(dict.fromkeys(it for it in refusals if it)))


def refusal(issuer: Issuer, order: Order) -> str | None:
    """Why this property does not let the order through; None where it does."""
    if issuer.malformed:
        return _("a property that is malformed and lets nobody issue")
    if not issuer.domain:
        return _("a property that lets nobody issue")
    if issuer.domain not in (it.lower() for it in order.authorities):
        return _("{domain} may issue").format(domain=issuer.domain)
    if issuer.account is not None and issuer.account != order.account:
        return _("only the account {account} may order").format(account=issuer.account)
    if issuer.methods is not None and order.method not in issuer.methods:
        known = listing(sorted(issuer.methods))
        return _("names may be proved by {methods} only").format(methods=known)
    return None


# A tag should be of letters and digits (4.1); one that is not is still an unknown one.
_RECORD = re.compile(
    r'(?P<flags>\d+)\s+(?P<tag>(?:[^"\\]|\\.)*?)\s+(?P<value>"(?:[^"\\]|\\.)*"|\S+)'
)
_ESCAPED = re.compile(r"\\(?:(\d{3})|(.))")  # RFC 1035, 5.1


def property_of(text: str) -> Property:
    """The record that a line of a zone file spells; one that cannot be read restricts nothing."""
    found = _RECORD.fullmatch(text.strip())
    if found is None:
        return Property(0, "", text)
    value = found["value"]
    if value.startswith('"'):
        value = value[1:-1]
    tag, plain = (
        _ESCAPED.sub(lambda it: chr(int(it[1])) if it[1] else it[2], text)
        for text in (found["tag"].lower(), value)
    )
    return Property(int(found["flags"]), tag, plain)


# 4.2: issue-value, from which the parameters are taken apart afterwards.
_LABEL = r"[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_PARAMETER = re.compile(rf"(?P<tag>{_LABEL})[ \t]*=[ \t]*(?P<value>[!-:<-~]*)")
_METHODS = re.compile(r"(?:[A-Za-z0-9-]+(?:,[A-Za-z0-9-]+)*)?")  # RFC 8657, 4


def issuer(value: str) -> Issuer:
    """What the value of an `issue` or `issuewild` property allows."""
    domain, _semicolon, rest = value.partition(";")
    domain, rest = domain.strip(" \t"), rest.strip(" \t")
    found = [_PARAMETER.fullmatch(it.strip(" \t")) for it in rest.split(";")] if rest else []
    pairs = [(it["tag"], it["value"]) for it in found if it]
    # RFC 8657, 3 and 4: a property with a parameter of these twice is satisfied by nobody.
    accounts = [it for tag, it in pairs if tag == "accounturi"]
    methods = [it for tag, it in pairs if tag == "validationmethods"]
    malformed = (
        (bool(domain) and not _DOMAIN.fullmatch(domain))
        or None in found
        or max(len(accounts), len(methods)) > 1
        or not all(map(_METHODS.fullmatch, methods))
    )
    return Issuer(
        domain=domain.lower(),
        account=accounts[0] if accounts else None,
        methods=frozenset(filter(None, methods[0].split(","))) if methods else None,
        malformed=malformed,
    )
