"""The grammar of Matrix user ids (Matrix appendices, "User Identifiers")."""

from __future__ import annotations

import re

from greygate.spec.server_name import ServerName
from greygate.text import _

LONGEST_USER_ID = 255  # octets, sigil and server name included

# user_id_localpart = 1*user_id_char; historical ids had more, new ones must not.
_LOCALPART = re.compile(r"[a-z0-9._=/+-]+")


def user_id(localpart: str, server_name: ServerName) -> str:
    """The full id: `@localpart:server.name`."""
    return f"@{localpart}:{server_name}"


def localpart_problem(text: str) -> str | None:
    """Why `text` cannot be the part of a user id before the colon; None where it can."""
    if not text:
        return _("a name cannot be empty")
    if _LOCALPART.fullmatch(text):
        return None
    odd = next(c for c in text if not _LOCALPART.fullmatch(c))
    if odd.isascii() and odd.isupper():
        return _("{odd!r} is a capital letter; only small ones may be in a user id").format(odd=odd)
    return _("{odd!r} cannot be in a user id; a-z, 0-9 and . _ = - / + can").format(odd=odd)


def user_id_problem(text: str, server_name: ServerName) -> str | None:
    """Why `text` cannot be somebody's localpart on that server; None where it can."""
    length = len(user_id(text, server_name).encode())
    if length > LONGEST_USER_ID:
        return _("the whole id would have {length} octets; at most {most} may be").format(
            length=length, most=LONGEST_USER_ID
        )
    return localpart_problem(text)
