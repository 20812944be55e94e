"""What is said of the hosts that edges have left: let in for a while, then barred."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from greygate.plan.edges import EdgeLink
from greygate.text import _, listing


def left_text(link: EdgeLink) -> str:
    """The host that an edge has left, while it is let in."""
    where = listing(str(it) for it in link.edge.addresses)
    return _("keep the old host at {where} until {when}; then it is barred").format(
        where=where, when=f"{_moment(link):%H:%M}"
    )


def barred_text(link: EdgeLink) -> tuple[str, str]:
    """A host that came back, or went on: what is so, and what ends it."""
    where = listing(str(it) for it in link.edge.addresses)
    text = _("the old host at {where} still runs; home refuses its key").format(where=where)
    return text, _("on that host: greygate edge leave; or give it up")


def barred_rows(link: EdgeLink) -> list[list[str]]:
    text, cure = barred_text(link)
    return [[link.title, text], ["", _("next: {cure}").format(cure=cure)]]


def left_json(link: EdgeLink, *, barred: bool = False) -> dict[str, Any]:
    return {
        "edge": link.edge.id,
        "addresses": [str(it) for it in link.edge.addresses],
        "overlay": str(link.address),
        "until": _moment(link).isoformat(),
        "barred": barred,
    }


def _moment(link: EdgeLink) -> datetime:
    assert link.until is not None, "a host that was left has a moment"
    return datetime.fromtimestamp(link.until).astimezone()
