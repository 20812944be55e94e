"""The plan's records brought into the zones that can be written from here: looked at, written and
seen again, zone by zone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from greygate.errors import Trouble
from greygate.home.half import Home
from greygate.home.published import AT_ONCE, Server
from greygate.plan.changes import Change, change_of, unsafe
from greygate.plan.published import State, judged
from greygate.plan.records import RecordSet, record_sets, zones
from greygate.probe.authority import PATIENCE, authorities
from greygate.probe.dns import Resolver, place_of
from greygate.progress import Progress
from greygate.site.model import Editor, Zone
from greygate.spec.dns import Absent, Texts, Unanswered
from greygate.text import _
from greygate.zones.catalogue import WRITERS, writer_for

BETWEEN_LOOKS = 1.0  # seconds

Waits = Callable[[float], None]
Seen = dict[tuple[str, str], Texts | Absent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One zone as its own servers tell it, against the plan."""

    zone: Zone
    sets: tuple[RecordSet, ...]
    servers: tuple[Server, ...]  # those that have the last word, the one that was asked first
    changes: tuple[Change, ...] = ()
    untold: str | None = None  # why the zone could not be seen: then nothing is written
    unsafe: str | None = None  # why the changes are too many to be meant

    @property
    def by_hand(self) -> bool:
        return self.zone.editor not in WRITERS

    @property
    def to_write(self) -> bool:
        return bool(self.changes) and not self.by_hand


class Result(Enum):
    """What came of one zone."""

    RIGHT = "right"  # nothing had to be changed
    TO_DO = "to be written"
    DONE = "done"  # written, and seen at every server of the zone
    LATE = "accepted, not seen yet"
    FAILED = "not written"
    BY_HAND = "to be typed"
    UNTOLD = "cannot ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one zone is left."""

    difference: Difference
    result: Result
    trouble: Trouble | None = None
    late: tuple[str, ...] = ()  # servers that do not tell the plan yet

    @property
    def right(self) -> bool:
        return self.result in (Result.RIGHT, Result.DONE)


def look(home: Home, resolver: Resolver) -> tuple[Difference, ...]:
    """Every zone of the plan against what its own servers tell; `resolver` says who they are."""
    sets = record_sets(home.site, home.plan)
    return tuple(
        _difference(zone, tuple(it for it in sets if it.zone == zone), resolver)
        for zone in zones(sets)
    )


def publish(
    differences: Sequence[Difference], progress: Progress, *, wait: Waits = time.sleep
) -> Iterator[Outcome]:
    """Write what can be written; what one zone cannot do keeps no other from it."""
    for difference in differences:
        yield _published(difference, progress, wait)


def unwritten(differences: Sequence[Difference]) -> Iterator[Outcome]:
    """How the zones are left where nothing is written."""
    for it in differences:
        match it:
            case Difference(untold=str()):
                result = Result.UNTOLD
            case Difference(changes=()):
                result = Result.RIGHT
            case _:
                result = Result.BY_HAND if it.by_hand else Result.TO_DO
        yield Outcome(difference=it, result=result)


def _difference(zone: Zone, sets: tuple[RecordSet, ...], resolver: Resolver) -> Difference:
    servers = _servers(zone, resolver)
    if isinstance(servers, str):
        return Difference(zone=zone, sets=sets, servers=(), untold=servers)
    first = servers[:1] if zone.editor is Editor.RFC2136 else servers
    answers = []
    for server in first:
        seen = server.resolver.texts(zone.name, "SOA")
        if isinstance(seen, Texts):
            return _compared(zone, sets, (server, *(it for it in servers if it is not server)))
        answers.append(_("{server}: {why}").format(server=server.name, why=_how(seen)))
    return Difference(zone=zone, sets=sets, servers=servers, untold="; ".join(answers))


def _how(seen: Absent | Unanswered) -> str:
    return seen.how.value if isinstance(seen, Absent) else str(seen)


def _servers(zone: Zone, resolver: Resolver) -> tuple[Server, ...] | str:
    """The primary that takes updates has the last word, and is first; then those that all ask."""
    known = authorities(resolver, zone.name)
    public = () if isinstance(known, Unanswered) else tuple(Server(*it) for it in known)
    if zone.editor is Editor.RFC2136 and zone.server is not None:
        primary = Resolver(place_of(zone.server), patience=PATIENCE)
        return (Server(zone.server, primary), *public)
    if isinstance(known, Unanswered):
        return str(known)
    return public or _("nobody is known to serve the zone {zone}").format(zone=zone.name)


def _compared(zone: Zone, sets: tuple[RecordSet, ...], servers: tuple[Server, ...]) -> Difference:
    seen = _seen(sets, servers[0].resolver)
    if isinstance(seen, Unanswered):
        return Difference(zone=zone, sets=sets, servers=servers, untold=str(seen))
    found = (change_of(it, seen[it.name, it.type], _target(seen[it.name, "CNAME"])) for it in sets)
    changes = tuple(it for it in found if it is not None)
    there = sum(isinstance(seen[it.name, it.type], Texts) for it in sets)
    return Difference(
        zone=zone,
        sets=sets,
        servers=servers,
        changes=changes,
        unsafe=_unsafe(zone, changes, there),
    )


def _seen(sets: tuple[RecordSet, ...], resolver: Resolver) -> Seen | Unanswered:
    """What is there of each name and type, and whether an alias stands there; all or nothing."""
    asked = dict.fromkeys((it.name, kind) for it in sets for kind in (it.type, "CNAME"))
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = list(pool.map(lambda it: resolver.texts(*it), asked))
    silent = next((it for it in answers if isinstance(it, Unanswered)), None)
    told = [it for it in answers if not isinstance(it, Unanswered)]
    return silent or dict(zip(asked, told, strict=True))


def _target(answer: Texts | Absent) -> str | None:
    return answer.values[0] if isinstance(answer, Texts) else None


def _unsafe(zone: Zone, changes: tuple[Change, ...], there: int) -> str | None:
    """The whole zone is counted where it can be; only what we asked for otherwise."""
    size = None
    if any(it.destroys for it in changes):
        with suppress(Trouble):  # which writing will tell
            writer = writer_for(zone)
            size = writer.size() if writer is not None else None
    return unsafe(zone.name, changes, size or there)


def _published(difference: Difference, progress: Progress, wait: Waits) -> Outcome:
    zone = difference.zone
    (left,) = unwritten((difference,))
    if left.result is not Result.TO_DO:
        return left
    try:
        writer = writer_for(zone)
        assert writer is not None, "a zone to be written has a writer"
        with progress.step(_("writing {zone}").format(zone=zone.name)):
            writer.write(difference.changes)
    except Trouble as trouble:
        return Outcome(difference=difference, result=Result.FAILED, trouble=trouble)
    with progress.step(_("waiting until {zone} tells it").format(zone=zone.name)):
        late = _late(difference, writer.patience, wait)
    result = Result.LATE if late else Result.DONE
    return Outcome(difference=difference, result=result, late=late)


def _late(difference: Difference, patience: float, wait: Waits) -> tuple[str, ...]:
    """The servers that do not tell the plan when patience ends."""
    ends_at = time.monotonic() + patience
    late = difference.servers
    while late := tuple(it for it in late if not _tells(it, difference.sets)):
        if time.monotonic() > ends_at:
            break
        wait(BETWEEN_LOOKS)
    return tuple(it.name for it in late)


def _tells(server: Server, sets: tuple[RecordSet, ...]) -> bool:
    return all(
        judged(it, server.name, server.resolver.texts(it.name, it.type)).state is State.RIGHT
        for it in sets
    )
