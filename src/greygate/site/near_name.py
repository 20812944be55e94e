"""Names as operators write them: what is wrong with one, and which one was meant."""

from __future__ import annotations

import idna

from greygate.site.model import ADMIN
from greygate.spec.host_name import host_name_problem, is_international
from greygate.spec.server_name import BadServerName, ServerName
from greygate.spec.user_id import LONGEST_USER_ID, user_id
from greygate.text import _

# The longest localpart on every server is our own admin's.
_LONGEST_LOCALPART = f"{ADMIN}00000000"


def check_name(text: str) -> tuple[ServerName | None, str]:
    """The server name that `text` spells, or None and why it cannot be one."""
    try:
        name = ServerName.parse(text)
    except BadServerName as problem:
        return None, problem.why
    if name.literal is None and (why := own_name_problem(name.host)):
        return None, why
    if (longest := len(user_id(_LONGEST_LOCALPART, name))) > LONGEST_USER_ID:
        return None, _("it is {length} characters too long for user ids, which have 255").format(
            length=longest - LONGEST_USER_ID
        )
    return name, ""


def own_name_problem(text: str) -> str | None:
    """Why a host of ours cannot be called `text`; None where every program can look it up.

    Stricter than DNS: Synapse encodes names by IDNA 2008 (RFC 5891, 4.2) and refuses the others.
    """
    if why := host_name_problem(text):
        return why
    for label in text.lower().split("."):
        if not is_international(label):
            return (
                _("{label!r} is no international name").format(label=label)
                if label.startswith("xn--")
                else _("{label!r} has hyphens in its third and fourth place").format(label=label)
            )
    return None


def near_host(text: str) -> str | None:
    """A usable host name that `text` can be read as; None where it is one, or nothing is near."""
    meant = _bare(text.strip()).replace("_", "-")
    try:
        meant = idna.encode(meant, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None
    usable = meant != text and "." in meant and own_name_problem(meant) is None
    return meant if usable else None


def near_name(text: str) -> str | None:
    """The same of a server name."""
    meant = near_host(text)
    return meant if meant and check_name(meant)[0] is not None else None


def name_hint(text: str) -> str:
    """What to do where `text` cannot be a server name."""
    near = near_name(text)
    if near is not None:
        return _("did you mean {near}? It is for ever").format(near=near)
    return _("choose a name like home.example.org: letters, digits, - and dots; it is for ever")


def host_hint(text: str, otherwise: str) -> str:
    """What to do where `text` cannot be a host's name: the one that was meant, if one is near."""
    near = near_host(text)
    return _("did you mean {near}?").format(near=near) if near else otherwise


def _bare(text: str) -> str:
    """What is left of a web address or a user id."""
    host = text.rpartition("://")[2].partition("/")[0]
    if "@" in host:
        host = host.rpartition("@")[2].partition(":")[2] or host.rpartition("@")[2]
    return host.strip(".")
