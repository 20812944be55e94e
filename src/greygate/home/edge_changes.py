"""An edge moves, gets another key, or is given up: what follows from it, and bringing it about."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from greygate.errors import WrongUsage
from greygate.home import choice, edge_memory, edges, start
from greygate.home.edges import link
from greygate.home.guard import StillIn
from greygate.home.half import Home, derive
from greygate.home.orders import give
from greygate.home.preparation import Prepared, prepare
from greygate.identity import edge_keys, former_keys
from greygate.identity.former_keys import FormerKey
from greygate.plan.orders import Done, Refused, Verb, cause_of
from greygate.plan.record_changes import RecordChange, changes
from greygate.plan.records import record_sets
from greygate.probe.answers import NoAnswer
from greygate.progress import Progress
from greygate.site import load
from greygate.site.edges import address_problem
from greygate.site.model import Address, Edge, Site
from greygate.site.parse import parse
from greygate.site.rewriting import with_addresses, without_edge, without_zone
from greygate.site.zones import is_in
from greygate.text import _


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriting:
    """The site file with another text, and what that changes in DNS."""

    home: Home
    edge: Edge  # as it was
    before: str
    after: str
    records: tuple[RecordChange, ...]


def moving(home: Home, edge: str, addresses: Sequence[Address]) -> Rewriting:
    """What it takes to have the edge at these addresses; nothing is done."""
    for address in addresses:
        if (why := address_problem(str(address))) is not None:
            raise WrongUsage(
                _("cannot move {edge}: {why}").format(edge=edge, why=why),
                _("name the public address of the new host, as its provider tells it"),
            )
    known = link(home, edge).edge
    text = load.read(home.source)
    return _rewriting(home, known, text, with_addresses(text, edge, addresses))


def removing(home: Home, edge: str) -> Rewriting:
    """What it takes to be without the edge; nothing is done."""
    known = link(home, edge).edge
    if home.site.edges == (known,):
        raise WrongUsage(
            _("cannot remove {edge}: other servers have no other way in").format(edge=edge),
            _(
                "to stand alone: federation = false in {file}, then greygate apply; "
                "to take another host: greygate edge move {edge} ADDRESS"
            ).format(file=home.source, edge=edge),
        )
    text = load.read(home.source)
    after = without_edge(text, edge)
    for zone in _idle(home.site, known):  # the parser takes no zone that holds none of our names
        after = without_zone(after, zone)
    return _rewriting(home, known, text, after)


@dataclass(frozen=True, slots=True)
class Moved:
    """An edge that is elsewhere; `until`: the host that it left is followed, and barred then."""

    prepared: Prepared
    until: datetime | None  # None where the host is the same, and has the same key


def is_another_host(wanted: Rewriting, addresses: Sequence[Address]) -> bool:
    """Whether none of the edge's addresses stays: then the host is another."""
    return set(addresses).isdisjoint(wanted.edge.addresses)


def move(
    wanted: Rewriting,
    addresses: Sequence[Address],
    progress: Progress,
    *,
    keep: float,
    still_in: StillIn,
) -> Moved:
    """The edge at other addresses; another host gets another key. `keep`: seconds for which the
    one that is left is followed.

    The key is first: where a kill comes between the two files, moving again goes on.
    """
    home, until = wanted.home, None
    if is_another_host(wanted, addresses):
        until = int(time.time() + keep)
        _leave_host(home, wanted.edge, until)
    load.rewrite(home.source, wanted.after)
    prepared = _into_force(home, progress, still_in=still_in)
    return Moved(prepared, datetime.fromtimestamp(until).astimezone() if until else None)


def _leave_host(home: Home, edge: Edge, until: int) -> None:
    paths, left = home.plan.paths, link(home, edge.id)
    addresses = tuple(map(str, edge.addresses))
    former_keys.add(paths, edge.id, FormerKey(left.key, left.label, addresses, until))
    edges.forget_issued(paths, edge.id)
    edge_keys.renew(paths, edge.id, elsewhere=True)
    edge_memory.forget(paths, edge.id)


@dataclass(frozen=True, slots=True)
class Removed:
    """A site without the edge; `unheard`: why it was not told to leave, where it was not."""

    prepared: Prepared
    unheard: str | None


def remove(wanted: Rewriting, progress: Progress, *, still_in: StillIn) -> Removed:
    """The edge told to leave, then forgotten here."""
    edge = wanted.edge.id
    with progress.step(_("telling {edges}").format(edges=edge)):
        answer = give(wanted.home, link(wanted.home, edge), Verb.LEAVE)
    load.rewrite(wanted.home.source, wanted.after)
    edge_keys.forget(wanted.home.plan.paths, edge)  # before identity.tar is made true again
    prepared = _into_force(wanted.home, progress, still_in=still_in)
    match answer:
        case Done():
            return Removed(prepared, None)
        case Refused() as refused:
            return Removed(prepared, cause_of(refused))
        case NoAnswer(why):
            return Removed(prepared, why)


def rotate(home: Home, edge: str, progress: Progress, *, still_in: StillIn) -> Prepared:
    """Another key for the edge, in force here at once: who has the old one is nobody."""
    paths = home.plan.paths
    link(home, edge)
    edges.forget_issued(paths, edge)
    former_keys.bar(paths, edge)  # whoever has the one may have the others
    edge_keys.renew(paths, edge, elsewhere=False)
    edge_memory.forget(paths, edge)
    return _into_force(home, progress, still_in=still_in)


def _into_force(home: Home, progress: Progress, *, still_in: StillIn) -> Prepared:
    prepared = prepare(home.source, home.place, progress, standing=choice.look())
    start.take_up_here(prepared, progress, still_in=still_in)
    return prepared


def _rewriting(home: Home, edge: Edge, before: str, after: str) -> Rewriting:
    """The changed text is read as any other: what the parser would refuse is not written."""
    former, site = (parse(text, str(home.source)) for text in (before, after))
    assert _but(site, edge) == _but(former, edge), "one edge is changed, and nothing else"
    later = derive(home.source, site, home.place, choice.look())
    return Rewriting(
        home=home,
        edge=edge,
        before=before,
        after=after,
        records=changes(record_sets(home.site, home.plan), record_sets(later.site, later.plan)),
    )


def _but(site: Site, edge: Edge) -> Site:
    """The site without the edge, and without the zones that are there for it alone."""
    idle = _idle(site, edge)
    return replace(
        site,
        edges=tuple(it for it in site.edges if it.id != edge.id),
        zones=tuple(it for it in site.zones if it.name not in idle),
    )


def _idle(site: Site, edge: Edge) -> tuple[str, ...]:
    """The zones that hold the edge's name and no other of ours."""
    names = (site.server_name.host, site.names.client, *(it.name for it in site.edges))
    others = [it.lower() for it in names if it.lower() != edge.name.lower()]
    return tuple(
        zone.name
        for zone in site.zones
        if is_in(edge.name.lower(), zone.name) and not any(is_in(it, zone.name) for it in others)
    )
