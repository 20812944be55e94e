"""Registration tokens: each lets a few people register for a few days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from greygate.errors import WrongUsage
from greygate.people.session import Session
from greygate.secret import Secret
from greygate.text import _

LENGTH = 24  # characters of 66: 145 bits, and still short to type


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token, and what is left of it."""

    token: Secret
    uses: int | None  # None: without limit
    used: int
    expires: datetime | None


def new(server: Session, *, now: datetime, uses: int = 1, days: int = 7) -> Token:
    """A new token for `uses` people, good for `days` days."""
    if uses < 1 or days < 1:
        raise WrongUsage(
            _("cannot make an invitation for {uses} people and {days} days").format(
                uses=uses, days=days
            ),
            _("both are at least 1"),
        )
    expires = int((now + timedelta(days=days)).timestamp() * 1000)
    asked = {"uses_allowed": uses, "expiry_time": expires, "length": LENGTH}
    return _token(server.post("/_synapse/admin/v1/registration_tokens/new", asked))


def _token(told: dict[str, Any]) -> Token:
    expires = told["expiry_time"]
    return Token(
        token=Secret(str(told["token"])),
        uses=told["uses_allowed"],
        used=int(told["pending"]) + int(told["completed"]),
        expires=None if expires is None else datetime.fromtimestamp(expires / 1000, UTC),
    )
