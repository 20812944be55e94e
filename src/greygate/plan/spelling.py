"""Record sets as each editor of zones wants them typed."""

from __future__ import annotations

from enum import Enum
from typing import Any

from greygate.plan.records import Need, RecordSet
from greygate.site.model import Editor, Zone
from greygate.text import _, aligned

NAMED = ("SRV", "CNAME", "NS")  # types whose last word is a name

# Alfis (read in its source): no CAA, at most 30 records of 255 octets, a name lives 365 days.
MIRROR, ALFIS = ".ygg.at", ".ygg"


class Spelling(Enum):
    """How a plan for DNS is written."""

    ZONE = "zone"  # RFC 1035 master file: every name whole, with its dot
    TABLE = "table"  # for a web form: names relative to the zone, the apex is @
    ALFIS = "alfis"  # relative names, and never a dot at the end


def usual(zone: Zone) -> Spelling:
    return Spelling.ALFIS if zone.editor is Editor.ALFIS else Spelling.TABLE


def spelled(zone: Zone, sets: tuple[RecordSet, ...], spelling: Spelling) -> str:
    """What to publish in `zone`, as text; what must not be there is not in it."""
    there = tuple(it for it in sets if it.zone == zone and it.need is not Need.ABSENT)
    match spelling:
        case Spelling.ZONE:
            return "\n".join(line for it in there for line in lines(it))
        case Spelling.TABLE:
            return _table(there)
        case Spelling.ALFIS:
            rows = [(name, kind, value) for it in there for name, kind, _ttl, value in _rows(it)]
            return aligned([(_("name"), _("type"), _("value")), *rows])


def title(zone: Zone) -> str:
    """The zone as its editor knows it."""
    if zone.editor is Editor.ALFIS and zone.name.endswith(MIRROR):
        return _("{name} in Alfis (seen as {mirror})").format(
            name=zone.name.removesuffix(MIRROR) + ALFIS, mirror=zone.name
        )
    return zone.name


def lines(records: RecordSet) -> list[str]:
    """The record set as lines of a zone file (RFC 1035, 5.1)."""
    values = dotted(records.type, records.values)
    return [f"{records.name}. {records.ttl} IN {records.type} {value}" for value in values]


def dotted(kind: str, values: tuple[str, ...]) -> list[str]:
    """The values as a zone file needs them: whole names end with a dot."""
    return [f"{value.removesuffix('.')}." if kind in NAMED else value for value in values]


def told(records: RecordSet) -> dict[str, Any]:
    """The record set as JSON."""
    return {
        "zone": records.zone.name,
        "name": records.name,
        "type": records.type,
        "ttl": records.ttl,
        "values": list(records.values),
        "need": records.need.value,
        "why": records.why,
    }


def spelled_name(zone: Zone, name: str) -> str:
    """One name as the zone's editor wants it typed."""
    return _below(name.lower(), zone.name)


def _table(sets: tuple[RecordSet, ...]) -> str:
    """SRV apart: web forms have a field for each of its four parts."""
    heads = (_("host"), _("type"), _("TTL"))
    parts = (_("priority"), _("weight"), _("port"), _("target"))
    plain = [row for it in sets if it.type != "SRV" for row in _rows(it)]
    services = [row for it in sets if it.type == "SRV" for row in _rows(it)]
    tables = (
        [(*heads, *parts), *((*row[:3], *row[3].split()) for row in services)] if services else [],
        [(*heads, _("value")), *plain] if plain else [],
    )
    return "\n\n".join(aligned(it) for it in tables if it)


def _rows(records: RecordSet) -> list[tuple[str, str, str, str]]:
    host = _below(records.name, records.zone.name)
    return [(host, records.type, str(records.ttl), value) for value in records.values]


def _below(name: str, zone: str) -> str:
    """The name as the zone's editor wants it: without the zone, `@` for the zone itself."""
    return "@" if name == zone else name.removesuffix(f".{zone}")
