"""What the commands that change an edge say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from greygate.apply.differences import Replace
from greygate.home.edge_changes import Rewriting
from greygate.home.half import Home
from greygate.home.preparation import Prepared
from greygate.plan.record_changes import RecordChange
from greygate.plan.spelling import lines
from greygate.text import _, visible

LONGEST = 512  # letters of one thing that an edge saw


def of_site_file(wanted: Rewriting) -> Replace:
    path = PurePosixPath(wanted.home.source.name)
    return Replace(path, wanted.before, wanted.after)


def records(changes: tuple[RecordChange, ...]) -> str:
    """What to do in DNS, zone by zone, as a zone file writes it."""
    if not changes:
        return _("in DNS nothing changes")
    zones = dict.fromkeys(it.records.zone for it in changes)
    return "\n".join(
        line
        for zone in zones
        for line in (
            _("in the zone {zone}:").format(zone=zone.name),
            *(line for it in changes if it.records.zone == zone for line in _lines(it)),
        )
    )


def told(changes: tuple[RecordChange, ...]) -> dict[str, Any]:
    return {
        "records": [
            {
                "zone": it.records.zone.name,
                "name": it.records.name,
                "type": it.records.type,
                "take_away": list(it.gone),
                "publish": list(it.new),
            }
            for it in changes
        ]
    }


def after_move(home: Home, edge: str, until: datetime | None) -> str:
    """What is left to do, in its order; `until`: when the old host is barred."""
    if until is None:
        return ""
    return "\n" + _(
        "{edge} has a new key. Next: greygate edge deploy {edge} root@HOST, then publish these "
        "records.\nKeep the old host until {when:%H:%M} ({when:%Y-%m-%d %H:%M %Z}): until then it "
        "is let in, too; then it is barred.\n{identity} holds the new key: copy it again."
    ).format(edge=edge, when=until, identity=home.plan.paths.identity)


def after_rotation(prepared: Prepared, edge: str) -> str:
    said = _(
        "{edge} has another key; the old one is refused. Bring it the new token:\n"
        "greygate edge token {edge} > FILE, and there: ./greygate edge join < FILE"
    ).format(edge=edge)
    if prepared.kept_anew:
        identity = prepared.home.plan.paths.identity
        said += "\n" + _("keep {file} anew: it holds that key").format(file=identity)
    return said


def after_removal(edge: str, unheard: str | None) -> str:
    if unheard is None:
        return ""
    return "\n" + _("{edge} was not told: {why}; if the host is yours: greygate edge leave").format(
        edge=edge, why=unheard
    )


def seen(answer: dict[str, Any]) -> str:
    """What an edge saw, one thing a line."""
    if not answer.get("ok"):
        return _("it sees nothing: {why}").format(why=_spoken(answer.get("why", "")))
    rows = ((key, value) for key, value in answer.items() if key != "ok")
    return "\n".join(f"{visible(key)[:LONGEST]}: {_spoken(value)}" for key, value in rows)


def _spoken(value: object) -> str:
    """Another host's words: they come to a terminal of ours."""
    words = value if isinstance(value, list) else [value]
    return ", ".join(visible(str(it))[:LONGEST] for it in words) or _("none")


def _lines(change: RecordChange) -> Iterator[str]:
    for value in change.gone:
        yield _("  take away  {record}").format(record=_spelled(change, value))
    for value in change.new:
        yield _("  publish    {record}").format(record=_spelled(change, value))


def _spelled(change: RecordChange, value: str) -> str:
    return lines(replace(change.records, values=(value,)))[0]
