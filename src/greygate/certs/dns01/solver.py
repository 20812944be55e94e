"""The contract of a DNS-01 solver (RFC 8555, 8.4): who writes the TXT records of one zone's names.

A solver is one module here, with a function `solver` that makes it, and a line in `catalogue.py`.
It writes and takes away; everything else is done for it, the same for all: where a name leads
is found at the zone's own servers, what must be there before is compared with `alias`, what was
written is awaited there for `patience` seconds, and withdrawn whatever happened in between.

What a solver cannot do it tells as Trouble: "cannot write at NAME: why", and what helps.
"""

from __future__ import annotations

from typing import Protocol


class Solver(Protocol):
    """Writes below names that begin with `_acme-challenge`."""

    patience: float  # seconds from `publish` until the zone's servers tell it, at the most

    def alias(self, name: str) -> str | None:
        """Where a CNAME at `name` must lead, before anything is ordered; None where it need not
        be there: then `place` below is `name`, or whatever a CNAME there leads to."""

    def publish(self, place: str, value: str) -> None:
        """Have a TXT record of this value at `place`, beside others; done when it is accepted."""

    def withdraw(self, place: str, value: str) -> None:
        """Take that one record away, and no other; nothing where it is gone."""
