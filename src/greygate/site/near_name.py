"""The server name that somebody meant who wrote something else: an address, a user id, Cyrillic."""

from __future__ import annotations

from greygate.site.parse import check_name
from greygate.text import _


def near_name(text: str) -> str | None:
    """A usable name that `text` can be read as; None where it is one, or nothing is near."""
    meant = _bare(text.strip())
    try:
        meant = meant.encode("idna").decode("ascii").lower().replace("_", "-")
    except UnicodeError:  # labels that are empty or too long
        return None
    usable = meant != text and "." in meant and check_name(meant)[0] is not None
    return meant if usable else None


def name_hint(text: str) -> str:
    """What to do where `text` cannot be a server name."""
    near = near_name(text)
    if near is not None:
        return _("did you mean {near}? It is for ever").format(near=near)
    return _("choose a name like home.example.org: letters, digits, - and dots; it is for ever")


def _bare(text: str) -> str:
    """What is left of a web address or a user id."""
    host = text.rpartition("://")[2].partition("/")[0]
    if "@" in host:
        host = host.rpartition("@")[2].partition(":")[2] or host.rpartition("@")[2]
    return host.strip(".")
