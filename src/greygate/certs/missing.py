"""What keeps a name from being proved, before anybody is asked."""

from __future__ import annotations

from dataclasses import dataclass

from greygate.text import _

PREFIX = "_acme-challenge"  # RFC 8555, 8.4
REGISTER = _("open the account and register the names: greygate cert register")


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a name cannot be proved, and what would help."""

    what: str
    cure: str
