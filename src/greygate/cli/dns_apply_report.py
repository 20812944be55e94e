"""What `greygate dns apply` says: the difference before, and how each zone is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from greygate.errors import Trouble
from greygate.home.publishing import Difference, Outcome, Result
from greygate.plan.changes import Change, digest
from greygate.plan.records import Need
from greygate.plan.spelling import lines, spelled, title, usual
from greygate.text import _, listing


def agreement(differences: Sequence[Difference]) -> str | None:
    """The digest of what would be written; None where nothing would."""
    changes = [change for it in differences if it.to_write for change in it.changes]
    return digest(changes) if changes else None


def demand_safe(differences: Sequence[Difference], *, force: bool) -> None:
    """Trouble where more would change than one should change unasked."""
    reasons = [it.unsafe for it in differences if it.to_write and it.unsafe]
    if reasons and not force:
        raise Trouble(
            _("cannot go on: {why}").format(why="; ".join(reasons)),
            _("is the site file right? If all of it is meant: greygate dns apply --force"),
        )


def difference_text(differences: Sequence[Difference]) -> str:
    blocks = ["\n".join(_difference(it)) for it in differences]
    for resolver in dict.fromkeys(name for it in differences for name in it.unhelpful):
        told = _("{resolver} tells no SOA and NS of the zones, others do: see its configuration")
        blocks.append(told.format(resolver=resolver))
    agreed = agreement(differences)
    if agreed is not None:
        blocks.append(_("digest {digest}").format(digest=agreed))
    return "\n\n".join(blocks)


def outcomes_text(outcomes: Sequence[Outcome]) -> str:
    return "\n".join(line for it in outcomes for line in _outcome(it))


def outcomes_told(outcomes: Sequence[Outcome], agreed: str | None) -> dict[str, Any]:
    return {"digest": agreed, "zones": [_told(it) for it in outcomes]}


def _difference(it: Difference) -> Iterator[str]:
    way = it.zone.editor.value if it.zone.provider is None else f"lexicon:{it.zone.provider}"
    yield f"{title(it.zone)} ({way})"
    if it.untold is not None:
        yield _("    cannot ask: {why}").format(why=it.untold)
    elif not it.changes:
        yield _("    all there")
    elif it.by_hand:
        yield from _to_type(it)
    else:
        for change in it.changes:
            yield from (f"  {line}" for line in _change(change))
    for change in it.changes if it.untold is None else ():
        if change.warning:
            yield _("    mind: {warning}").format(warning=change.warning)


def _to_type(it: Difference) -> Iterator[str]:
    """What a person does in an editor that we have no way to."""
    new = (
        replace(it.records, values=tuple(v for v in it.records.values if v not in it.seen))
        for it in it.changes
    )
    wanted = tuple(records for records in new if records.values)
    if wanted:
        yield _("    publish:")
        for line in spelled(it.zone, wanted, usual(it.zone)).splitlines():
            yield f"    {line}"
    for change in it.changes:
        yield from (f"    {line}" for line in _gone(change))


def _gone(change: Change) -> Iterator[str]:
    seen = [(change.records.type, value) for value in change.seen if _is_gone(change, value)]
    for kind, value in [("CNAME", change.alias), *seen] if change.alias else seen:
        yield _("take away: {name} {type} {value}").format(
            name=change.records.name, type=kind, value=value
        )


def _is_gone(change: Change, value: str) -> bool:
    return value not in change.records.values


def _change(change: Change) -> Iterator[str]:
    records = change.records
    note = _("advised") if records.need is Need.ADVISED else ""
    if change.alias:
        yield f"- {records.name}. CNAME {change.alias}"
    for value in change.seen:
        if _is_gone(change, value):
            yield f"- {records.name}. {records.type} {value}"
    for value, line in zip(records.values, lines(records), strict=True):
        if value not in change.seen:
            yield f"+ {line}" + (f"  [{note}]" if note else "")


def _outcome(it: Outcome) -> Iterator[str]:
    name, seen_by = it.difference.zone.name, ", ".join(s.name for s in it.difference.servers)
    match it.result:
        case Result.DONE:
            yield _("written        {zone}: seen at {servers}").format(zone=name, servers=seen_by)
        case Result.LATE:
            told = _("accepted       {zone}: not seen yet at {servers}; later: greygate dns check")
            yield told.format(zone=name, servers=listing(it.late))
        case Result.FAILED if it.trouble is not None:
            yield _("not written    {zone}: {what}").format(zone=name, what=it.trouble.what)
            yield _("    next: {hint}").format(hint=it.trouble.hint)
        case Result.UNTOLD:
            yield _("not written    {zone}: cannot ask: {why}").format(
                zone=name, why=it.difference.untold
            )
        case Result.BY_HAND:
            yield _("to be typed    {zone}: by hand, as shown; then: greygate dns check").format(
                zone=name
            )
        case Result.TO_DO:
            yield _("to be written  {zone}").format(zone=name)
        case _:
            yield _("right          {zone}").format(zone=name)


def _told(it: Outcome) -> dict[str, Any]:
    difference = it.difference
    return {
        "zone": difference.zone.name,
        "dns": difference.zone.editor.value,
        "result": it.result.name.lower(),
        "servers": [server.name for server in difference.servers],
        "untold": difference.untold,
        "unsafe": difference.unsafe,
        "late": list(it.late),
        "error": None if it.trouble is None else {"what": it.trouble.what, "hint": it.trouble.hint},
        "changes": [_change_told(change) for change in difference.changes],
    }


def _change_told(change: Change) -> dict[str, Any]:
    return {
        "do": change.kind.value,
        "name": change.records.name,
        "type": change.records.type,
        "wanted": list(change.records.values),
        "seen": list(change.seen),
        "alias": change.alias,
        "need": change.records.need.value,
        "warning": change.warning,
    }
