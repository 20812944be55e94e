"""What the commands about DNS say."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from greygate.home.published import Published
from greygate.plan.published import State, Verdict
from greygate.plan.records import Need, RecordSet, unguarded, zones
from greygate.plan.spelling import Spelling, lines, spelled, title, usual
from greygate.site.model import Layout, Site
from greygate.spec.dns import Signing, Unanswered
from greygate.text import _, listing


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
    parts += _signing(found)
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
                "state": it.state.value,
                "seen": it.seen,
            }
            for it in found.verdicts
        ],
        "dnssec": [
            {"zone": it.zone, "server": it.server, "state": _state(it.state)} for it in found.signed
        ],
    }


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
    records = verdicts[0].records
    named = f"{records.name} {records.type}"
    for state in State:
        mine = [it for it in verdicts if it.state is state]
        if not mine:
            continue
        word = _("advised") if records.need is Need.ADVISED and state is not State.RIGHT else ""
        who = listing(dict.fromkeys(it.server for it in mine))
        seen = tuple(dict.fromkeys(it.seen for it in mine if it.seen))
        told = f"{state.value:<20} {named}  ({who})" + (f": {listing(seen)}" if seen else "")
        yield f"{told}  [{word}]" if word else told
    if any(it.state in (State.MISSING, State.WRONG) for it in verdicts):
        yield from (f"    publish: {line}" for line in lines(records))
    if any(it.state is State.UNWANTED for it in verdicts):
        yield _("    take it away: {why}").format(why=records.why)


_UNGUARDED = _("not sealed: Alfis has no CAA, and layout clearnet needs it; take layout none")
