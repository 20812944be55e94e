"""The contract of those who write a zone: the plan's record sets, and a challenge's texts.

A writer is one module here, and a line in `catalogue.py`. It writes what it is told; what is
there before, and whether it is there afterwards, is asked of the zone's servers by others. What
it cannot do it tells as Trouble: "cannot write ZONE: why", and what helps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from greygate.plan.changes import Change


class Writer(Protocol):
    """Writes one zone. Names are absolute, and have no dot at their end."""

    patience: float  # seconds from `write` until the zone's servers tell it, at the most

    def size(self) -> int | None:
        """How many record sets the zone has, by whomever; None where nobody tells."""

    def write(self, changes: Sequence[Change]) -> None:
        """Make the changes, all or as many as can be made one by one; done when accepted."""

    def add_text(self, name: str, value: str) -> None:
        """Have a TXT record of this value at the name, beside others."""

    def take_text(self, name: str, value: str) -> None:
        """Take that one TXT record away, and no other; nothing where it is gone."""
