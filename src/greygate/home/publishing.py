"""The plan's records brought into the zones that can be written from here: looked at, written and
seen again, zone by zone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum

from greygate.errors import Trouble
from greygate.home.half import Home
from greygate.home.published import AT_ONCE, Server, Sight, planned_caa, redirected
from greygate.plan.caa_judge import change_caa
from greygate.plan.changes import Change, change_of, unsafe
from greygate.plan.published import same
from greygate.plan.records import Need, RecordSet, permissions, record_sets, zones
from greygate.probe.authority import (
    PATIENCE,
    NoZone,
    ZoneServers,
    cut_at,
    from_wildcard,
    own_answer,
    zone_servers,
)
from greygate.probe.dns import Resolver, place_of
from greygate.progress import Progress
from greygate.site.model import Editor, Zone
from greygate.spec.caa import Untold
from greygate.spec.dns import Absence, Absent, Failure, TextAnswer, Texts, Unanswered
from greygate.text import _, listing
from greygate.zones.catalogue import WRITERS, writer_for

BETWEEN_LOOKS = 1.0  # seconds

Waits = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One zone as its own servers tell it, against the plan."""

    zone: Zone
    sets: tuple[RecordSet, ...]
    servers: tuple[Server, ...]  # those that have the last word, the one that was asked first
    target: Zone | None = None  # the zone by its cut, which may be above the name in the site file
    changes: tuple[Change, ...] = ()
    unhelpful: tuple[str, ...] = ()  # resolvers that do not tell whose the zone is
    untold: str | None = None  # why the zone could not be seen: then nothing is written
    unsafe: str | None = None  # why the changes are too many to be meant

    @property
    def by_hand(self) -> bool:
        return self.zone.editor not in WRITERS

    @property
    def to_write(self) -> bool:
        return bool(self.changes) and not self.by_hand


@dataclass(frozen=True, slots=True)
class _Look:
    """One record set: whether there is any, and what must become of it."""

    there: bool
    change: Change | None


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


def look(
    home: Home, resolvers: Sequence[Server], *, replace_caa: bool = False
) -> tuple[Difference, ...]:
    """Every zone of the plan against what its own servers tell; `resolvers` say who they are.

    `replace_caa`: others' CAA goes also where the plan can do with it.
    """
    sets = record_sets(home.site, home.plan)
    asked = (*sets, *permissions(home.site, sets))
    known = tuple((it.name, it.resolver) for it in resolvers)
    found = {zone: zone_servers(known, zone.name) for zone in zones(asked)}
    by_zone = {zone.name: it for zone, it in found.items() if isinstance(it, ZoneServers)}
    sight = Sight(by_zone, known, planned_caa(sets))
    return tuple(
        replace(
            _difference(
                zone,
                tuple(it for it in asked if it.zone == zone),
                _servers(zone, servers),
                lambda records, server: _look_at(records, server, sight, replace_caa=replace_caa),
            ),
            unhelpful=servers.unhelpful if isinstance(servers, ZoneServers) else (),
        )
        for zone, servers in found.items()
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


def _difference(
    zone: Zone,
    sets: tuple[RecordSet, ...],
    servers: tuple[Server, ...] | str,
    look_at: Callable[[RecordSet, Server], _Look | Unanswered],
) -> Difference:
    if isinstance(servers, str):
        return Difference(zone=zone, sets=sets, servers=(), untold=servers)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        looks = list(pool.map(lambda it: look_at(it, servers[0]), sets))
    silent = next((it for it in looks if isinstance(it, Unanswered)), None)
    if silent is not None:
        return Difference(zone=zone, sets=sets, servers=servers, untold=str(silent))
    seen = [it for it in looks if isinstance(it, _Look)]
    changes = tuple(it.change for it in seen if it.change is not None)
    target = replace(zone, name=servers[0].zone or zone.name)
    return Difference(
        zone=zone,
        sets=sets,
        servers=servers,
        target=target,
        changes=changes,
        unsafe=_unsafe(target, changes, sum(it.there for it in seen)),
    )


def _servers(zone: Zone, found: ZoneServers | NoZone) -> tuple[Server, ...] | str:
    """The primary that takes updates has the last word, and is first; then those that all ask."""
    public: tuple[Server, ...] = ()
    if isinstance(found, ZoneServers):
        public = tuple(Server(*it, found.zone) for it in found.servers)
    if zone.editor is Editor.RFC2136 and zone.server is not None:
        primary = Resolver(place_of(zone.server), patience=PATIENCE)
        cut = cut_at(primary, zone.name)
        if cut is None:
            why = _how(primary.texts(zone.name, "SOA"))
            return _("{server}: {why}").format(server=zone.server, why=why)
        own = Resolver(place_of(zone.server), patience=PATIENCE, zone=cut)
        return (Server(zone.server, own, cut), *public)
    return public or (str(found) if isinstance(found, NoZone) else _lame(found))


def _lame(found: ZoneServers) -> str:
    faults = listing(f"{server}: {why}" for server, why in found.faults)
    return _("no name server of {zone} answers ({why})").format(zone=found.zone, why=faults)


def _how(answer: TextAnswer) -> str:
    return answer.how.value if isinstance(answer, Absent) else str(answer)


def _look_at(
    records: RecordSet, server: Server, sight: Sight, *, replace_caa: bool
) -> _Look | Unanswered:
    """What must become of a set. What `*` answers is not the name's own: nobody could delete it,
    and it ends with the first record that the name gets (RFC 4592)."""
    answer = own_answer(server.resolver, records.name, records.type)
    if isinstance(answer, Unanswered):
        return answer
    if records.name != server.zone and from_wildcard(
        server.resolver, records.name, records.type, answer
    ):
        answer = Absent(Absence.NO_NAME)
    alias = answer.aliases[0] if answer.aliases else None
    there = isinstance(answer, Texts)
    if records.type != "CAA":
        followed = sight.followed(records, answer)
        if isinstance(followed, Unanswered):
            return followed
        change = change_of(records, followed, alias)
        above = None if change is None else redirected(records, answer, server)
        return Unanswered(Failure.REDIRECTED, above) if above else _Look(there, change)
    found = sight.caa(records, server)
    if isinstance(found, Untold):
        if not isinstance(answer, Absent) or not answer.endless:
            return found.answer
        found = None  # no authority gets past the alias, which goes
    own = answer.values if isinstance(answer, Texts) and alias is None else ()
    change = change_caa(records, own, found, replace_others=replace_caa)
    if alias is not None and change is not None:
        beside = records.need is Need.UNBARRED  # where the alias leads, CAA is not ours to write
        change = None if beside else replace(change, alias=alias)
    return _Look(there, change)


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
        writer = writer_for(difference.target or zone)
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
    while late := tuple(it for it in late if not all(_tells(it, c) for c in difference.changes)):
        if time.monotonic() > ends_at:
            break
        wait(BETWEEN_LOOKS)
    return tuple(it.name for it in late)


def _tells(server: Server, change: Change) -> bool:
    records = change.records
    answer = server.resolver.texts(records.name, records.type)
    if not records.values:
        gone = isinstance(answer, Absent) and not answer.aliases
        return gone or from_wildcard(server.resolver, records.name, records.type, answer)
    if not isinstance(answer, Texts) or (answer.aliases and records.type != "CNAME"):
        return False
    return same(records.type, answer.values, records.values)
