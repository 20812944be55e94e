"""What the commands about DNS say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from greygate.home.published import Published
from greygate.plan.published import State, Verdict
from greygate.plan.records import TTL, Need, RecordSet, unguarded, zones
from greygate.plan.spelling import Spelling, lines, spelled, title, usual
from greygate.site.model import Layout, Site
from greygate.spec.dns import Signing, Unanswered
from greygate.text import _, listing

LONGEST_CACHED = 7 * 86_400  # seconds; resolvers cap what they are told (RFC 8767, 4)


def plan_text(site: Site, sets: tuple[RecordSet, ...], spelling: Spelling | None) -> str:
    """All zones; a zone file's comments keep what is no record apart."""
    mark = ";" if spelling is Spelling.ZONE else "#"
    blocks = []
    for zone in zones(sets):
        own = tuple(it for it in sets if it.zone == zone)
        notes = "\n".join(f"{mark}   {line}" for line in _notes(own))
        head = f"{mark} {title(zone)}"
        blocks.append(f"{head}\n{spelled(zone, sets, spelling or usual(zone))}\n{notes}".rstrip())
    if site.names.layout is Layout.CLEARNET and unguarded(site, site.server_name.host):
        blocks.append(f"{mark} {_UNGUARDED}")
    return "\n\n".join(blocks)


def check_text(found: Published) -> str:
    parts = ["\n".join(_told(verdicts)) for verdicts in _by_records(found)]
    parts += dict.fromkeys((*_servers(found), *_signing(found)))
    if found.unsealed is not None:
        parts.append(_("not sealed: {cure}").format(cure=found.unsealed))
    return "\n".join(parts)


def check_told(found: Published) -> dict[str, Any]:
    return {
        "right": found.right,
        "unsealed": found.unsealed,
        "records": [
            {
                "name": it.records.name,
                "type": it.records.type,
                "need": it.records.need.value,
                "wanted": list(it.records.values),
                "server": it.server,
                "authoritative": it.authoritative,
                "state": it.state.value,
                "seen": it.seen,
                "wildcard": it.wildcard,
                "ttl": it.ttl,
                "warning": it.warning,
            }
            for it in found.verdicts
        ],
        "zones": [
            {
                "zone": name,
                "cut": it.zone,
                "servers": [server for server, _resolver in it.servers],
                "faults": {server: str(why) for server, why in it.faults},
                "hidden_by": list(it.unhelpful),
            }
            for name, it in found.by_zone.items()
        ],
        "unusable_resolvers": {name: str(why) for name, why in found.unusable},
        "dnssec": [
            {"zone": it.zone, "server": it.server, "state": _state(it.state)} for it in found.signed
        ],
    }


def _servers(found: Published) -> Iterator[str]:
    """What is wrong with who was asked, each once."""
    for it in dict.fromkeys(found.by_zone.values()):
        for server, why in it.faults:
            told = _("{server}, a name server of {zone}: {why}")
            yield f"{'name server':<20} " + told.format(server=server, zone=it.zone, why=why)
        for server, _why in it.broken:
            cure = _("    load the zone at {server}, or take it out of the NS records of {zone}")
            yield cure.format(server=server, zone=it.zone)
    hidden = {name for it in found.by_zone.values() for name in it.unhelpful}
    for name in sorted(hidden - {name for name, _why in found.unusable}):
        told = _("{resolver} tells no SOA and NS of the zones, others do: see its configuration")
        yield f"{'resolver':<20} " + told.format(resolver=name)
    if found.unusable:
        names = listing(name for name, _why in found.unusable)
        failures = listing(dict.fromkeys(it.failure.value for _name, it in found.unusable))
        yield f"{'not asked further':<20} {names}: {failures}"


def _signing(found: Published) -> Iterator[str]:
    """How each zone is signed; those who say the same in one line."""
    for zone, said in groupby(found.signed, key=lambda it: it.zone):
        servers: dict[str, list[str]] = {}
        for it in said:
            servers.setdefault(_state(it.state), []).append(it.server)
        for state, who in servers.items():
            yield f"{'DNSSEC':<20} {zone}: {state}  ({listing(who)})"


def _state(state: Signing | Unanswered) -> str:
    return state.value if isinstance(state, Signing) else str(state)


def _notes(sets: tuple[RecordSet, ...]) -> Iterator[str]:
    for it in sets:
        if it.need is Need.ABSENT:
            yield _("no {type} at {name}: {why}").format(type=it.type, name=it.name, why=it.why)
        else:
            word = _("{type} {name}: {why}").format(type=it.type, name=it.name, why=it.why)
            yield word if it.need is Need.MUST else _("advised: {what}").format(what=word)


def _by_records(found: Published) -> Iterator[list[Verdict]]:
    for _records, verdicts in groupby(found.verdicts, key=lambda it: it.records):
        yield list(verdicts)


def _told(verdicts: list[Verdict]) -> Iterator[str]:
    own = [it for it in verdicts if it.authoritative]
    if own and all(it.state is State.RIGHT for it in own):
        late = [it for it in verdicts if it.state not in (State.RIGHT, State.UNTOLD)]
        yield from _states([it for it in verdicts if it not in late])
        yield from map(_late, late)
    else:
        yield from _states(verdicts)
        yield from _cure(verdicts)


def _states(verdicts: list[Verdict]) -> Iterator[str]:
    for state in State:
        mine = [it for it in verdicts if it.state is state]
        if not mine:
            continue
        records = mine[0].records
        word = _("advised") if records.need is Need.ADVISED and state is not State.RIGHT else ""
        who = listing(dict.fromkeys(it.server for it in mine))
        seen = tuple(dict.fromkeys(it.seen for it in mine if it.seen))
        told = f"{state.value:<20} {records.name} {records.type}  ({who})"
        told += f": {listing(seen)}" if seen else ""
        yield f"{told}  [{word}]" if word else told


def _late(it: Verdict) -> str:
    """A resolver that differs from the zone's own servers, which are right."""
    told = _("{name} {type}  ({server}): {seen}; the zone's own servers are right").format(
        name=it.records.name, type=it.records.type, server=it.server, seen=it.seen
    )
    seconds = TTL if it.ttl is None else min(it.ttl, LONGEST_CACHED)
    wait = _("    wait {seconds} s; if it stays so, {server} has a view of its own")
    if seconds == 0:
        wait = _("    {server} has a view of its own: it is told anew at each question (TTL 0)")
    wait = wait.format(seconds=seconds, server=it.server)
    return f"{'old answer':<20} {told}\n{wait}"


def _cure(verdicts: list[Verdict]) -> Iterator[str]:
    records = verdicts[0].records
    if any(it.state in (State.MISSING, State.WRONG) for it in verdicts):
        yield from (f"    publish: {line}" for line in lines(records))
    for warning in dict.fromkeys(it.warning for it in verdicts if it.warning):
        yield _("    mind: {warning}").format(warning=warning)
    unwanted = [it for it in verdicts if it.state is State.UNWANTED]
    if any(it.wildcard for it in unwanted):
        told = _("    it comes from a wildcard (*), which ends once {name} has a record of its own")
        yield told.format(name=records.name)
    elif unwanted:
        yield _("    take it away: {why}").format(why=records.why)


_UNGUARDED = _("not sealed: Alfis has no CAA, and layout clearnet needs it; take layout none")
