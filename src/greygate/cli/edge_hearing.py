"""What is said of edges that were told something, or could not be."""

from __future__ import annotations

from typing import Any

from greygate.cli import output
from greygate.home.agents import Heard
from greygate.text import _


def note(heard: tuple[Heard, ...]) -> None:
    """One line an edge; an edge that could not be told is no failure of what was done here."""
    for it in heard:
        if not it.met:
            output.note(
                _("{edge} is not set up yet. Next: {hint}").format(edge=it.edge, hint=it.hint)
            )
        elif it.why is not None:
            output.note(
                _("{edge} was not told: {why}; next: {hint}").format(
                    edge=it.edge, why=it.why, hint=it.hint
                )
            )
        elif it.changed:
            output.note(_("{edge} follows the site as it is now").format(edge=it.edge))


def told(heard: tuple[Heard, ...]) -> list[dict[str, Any]]:
    return [
        {
            "id": it.edge,
            "follows": it.why is None,
            "changed": it.changed,
            "why": it.why,
            "hint": it.hint or None,
        }
        for it in heard
    ]
