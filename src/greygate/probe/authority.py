"""The servers that have the last word on a zone: found from a name in it, and asked one by one."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from secrets import token_hex
from typing import TypeVar

from greygate.probe.dns import PORT, Resolver
from greygate.spec.caa import Asking, answered
from greygate.spec.dns import (
    ROOT,
    Absence,
    Absent,
    Addresses,
    Failure,
    TextAnswer,
    Texts,
    Unanswered,
    bare,
)
from greygate.text import _, listing

MOST = 6  # servers of one zone that are asked
OF_THE_ZONE_ABOVE = 2  # of its servers; they tell one delegation
PATIENCE = 5.0  # seconds for each
LONGEST_CHAIN = 16  # aliases in a row; resolvers give up before

# By what each is called.
Servers = tuple[tuple[str, Resolver], ...]
Resolvers = Sequence[tuple[str, Resolver]]
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneServers:
    """Who serves the zone that a name is in."""

    zone: str  # the nearest zone cut at the name or above it
    servers: Servers  # that answer for it
    faults: tuple[tuple[str, Unanswered], ...] = ()  # that its NS records name, and that do not
    unhelpful: tuple[str, ...] = ()  # resolvers that were asked before, and did not tell

    @property
    def broken(self) -> tuple[tuple[str, Unanswered], ...]:
        """Those at fault; to one that has IPv6 alone this machine may only have no way."""
        return tuple(it for it in self.faults if it[1].failure is not Failure.NO_WAY)


@dataclass(frozen=True, slots=True)
class NoZone:
    """No resolver told of a zone that the name is in."""

    name: str
    answers: tuple[tuple[str, Unanswered | None], ...]  # None: it knows of none

    @property
    def is_known(self) -> bool:
        """Whether somebody said so, and nobody answered with an error."""
        errors = [it for _server, it in self.answers if it is not None and it.failure.was_answered]
        return not errors and any(it is None for _server, it in self.answers)

    def __str__(self) -> str:
        if self.is_known:
            return _("no zone holds {name}").format(name=self.name)
        failures = listing(f"{server}: {it}" for server, it in self.answers if it is not None)
        told = _("the name servers of {name} cannot be found ({why})")
        return told.format(name=self.name, why=failures)


def zone_servers(resolvers: Resolvers, name: str) -> ZoneServers | NoZone:
    """Ask the resolvers in turn: some routers' own hide SOA and NS, or refuse."""
    answers: list[tuple[str, Unanswered | None]] = []
    for called, resolver in resolvers:
        match _cut(resolver, bare(name)):
            case (zone, names):
                servers, faults = _try_servers(resolver, zone, names)
                unhelpful = tuple(before for before, _answer in answers)
                return ZoneServers(zone=zone, servers=servers, faults=faults, unhelpful=unhelpful)
            case answer:
                answers.append((called, answer))
    return NoZone(name, tuple(answers))


def cut_at(server: Resolver, name: str) -> str | None:
    """The zone that holds the name, as the server has it that may not be named by any NS."""
    for zone in _enclosing(bare(name)):
        match server.texts(zone, "SOA"):
            case Texts(aliases=()):
                return zone
    return None


def child_zone(servers: Servers, resolvers: Resolvers, name: str) -> ZoneServers | None:
    """Who serves a name that is a zone of its own; None where it is not.

    The servers of the zone above are asked: a resolver would remember that there is nothing at a
    name that is about to be written.
    """
    for _called, server in servers:
        match server.texts(name, "NS"):
            case Texts(values=names, aliases=()):
                made, faults = _try_servers(resolvers[0][1], name, names)
                for _other, resolver in resolvers[1:] if not made else ():
                    made, faults = _try_servers(resolver, name, names)
                return ZoneServers(zone=name, servers=made, faults=faults)
            case Texts() | Absent():
                return None
    return None


def from_wildcard(server: Resolver, name: str, kind: str, answer: TextAnswer) -> bool:
    """Whether the answer is that of `*`, and the name itself is not there (RFC 4592).

    Below a name that is there `*` of a zone above it means nothing. It may have a `*` of its own,
    which may tell the same; but that, too, is a name that is there, and what is below it is not
    told by it.
    """
    if isinstance(answer, Unanswered) or (isinstance(answer, Absent) and not answer.aliases):
        return False
    beside = (f"*.{name}", name.partition(".")[2])
    return all(server.texts(f"{token_hex(8)}.{it}", kind) == answer for it in beside)


def own_answer(server: Resolver, name: str, kind: str) -> TextAnswer:
    """What one of the zone's servers tells; of aliases without an end, where the first leads.

    Knot tells them as they are, PowerDNS (4.7) answers SERVFAIL.
    """
    answer = server.texts(name, kind)
    match answer:
        case Unanswered(Failure.NO_END | Failure.SERVER):
            first = _endless(server, bare(name))
            if first is not None:
                return Absent(Absence.NO_RECORD, (first,), endless=True)
    return answer


def _endless(server: Resolver, name: str) -> str | None:
    """Where the alias of the name leads, if from there on it leads to no end."""
    passed = [name]
    while len(passed) <= LONGEST_CHAIN:
        match server.texts(passed[-1], "CNAME"):
            case Texts(values=(target,), aliases=()) if bare(target) in passed:
                return (*passed[1:], bare(target))[0]
            case Texts(values=(target,), aliases=()):
                passed.append(bare(target))
            case _:
                return None
    return passed[1]


def redirection(server: Resolver, name: str, zone: str) -> str | None:
    """The name in the zone above this one whose DNAME leads all below it elsewhere (RFC 6672)."""
    for above in _enclosing(name)[1:]:
        match server.texts(above, "DNAME"):
            case Texts(aliases=()):
                return above
        if above == zone:
            break
    return None


def first_answer(resolvers: Resolvers, name: str, kind: str) -> TextAnswer:
    """What the first tells that tells anything; else how the first one failed."""
    failure: Unanswered | None = None
    for _called, resolver in resolvers:
        answer = resolver.texts(name, kind)
        if not isinstance(answer, Unanswered):
            return answer
        failure = failure or answer
    return failure or Unanswered(Failure.NO_WAY)


def guards(resolvers: Resolvers, asking: Asking[R]) -> R:
    """What comes of questions about CAA when those resolvers answer them."""
    return answered(asking, lambda question: first_answer(resolvers, question.name, "CAA"))


def _enclosing(name: str) -> list[str]:
    """The name and those above it, without the top-level domain: nothing of ours is in that."""
    labels = name.split(".")
    return [".".join(labels[place:]) for place in range(len(labels) - 1)]


def _cut(resolver: Resolver, name: str) -> tuple[str, tuple[str, ...]] | Unanswered | None:
    """The nearest zone cut, and the names of its servers."""
    for zone in _enclosing(name):
        match resolver.texts(zone, "SOA"):
            case Unanswered() as failure:
                return failure
            case Texts(aliases=()):
                return _zone_and_servers(resolver, zone)
            case _:
                continue
    return None


def _zone_and_servers(
    resolver: Resolver, zone: str
) -> tuple[str, tuple[str, ...]] | Unanswered | None:
    """The zone, with the servers that it names, and those that the zone above names for it: one
    that does not serve it stands most often there alone."""
    answer = resolver.texts(zone, "NS")
    if isinstance(answer, Unanswered):
        return answer
    own = answer.values if isinstance(answer, Texts) else ()
    names = tuple(dict.fromkeys(map(bare, (*own, *_delegation(resolver, zone)))))
    return (zone, names) if names else None


def _delegation(resolver: Resolver, zone: str) -> tuple[str, ...]:
    labels = zone.split(".")[1:]
    for place in range(len(labels) + 1):
        above = ".".join(labels[place:]) or ROOT
        match resolver.texts(above, "SOA"):
            case Texts(aliases=()):
                break
    match resolver.texts(above, "NS"):
        case Texts(values=names):
            servers, _faults = _try_servers(resolver, above, names[:OF_THE_ZONE_ABOVE])
            match first_answer(servers, zone, "NS"):
                case Texts(values=told):
                    return told
    return ()


def _try_servers(
    resolver: Resolver, zone: str, names: Sequence[str]
) -> tuple[Servers, tuple[tuple[str, Unanswered], ...]]:
    """Those of the servers that answer for the zone, and how the others do not."""
    asked = names[:MOST]
    with ThreadPoolExecutor(max_workers=MOST) as pool:
        found = list(pool.map(lambda name: _server(resolver, name, zone), asked))
    pairs = list(zip(asked, found, strict=True))
    return (
        tuple((name, it) for name, it in pairs if isinstance(it, Resolver)),
        tuple((name, it) for name, it in pairs if isinstance(it, Unanswered)),
    )


def _server(resolver: Resolver, name: str, zone: str) -> Resolver | Unanswered:
    """Asks that one server, by whichever of its addresses this machine has a way to."""
    match resolver.addresses(name):
        case Addresses(addresses=(first, *others)):
            server = Resolver((first, PORT), others=others, patience=PATIENCE, zone=zone)
        case Unanswered() as failure:
            return failure
        case _:
            return Unanswered(Failure.NO_ADDRESS)
    match server.texts(zone, "SOA"):
        case Texts():
            return server
        case Unanswered(Failure.REFUSED | Failure.OTHER_CODE as code):
            return Unanswered(Failure.LAME, code.value)
        case Unanswered() as failure:
            return failure
        case Absent():
            return Unanswered(Failure.LAME)
