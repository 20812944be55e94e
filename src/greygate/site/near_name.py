"""Names as operators write them: what is wrong with one, and which one was meant."""

from __future__ import annotations

import re
from collections.abc import Callable

import idna

from greygate.site.model import ADMIN
from greygate.spec.host_name import LONGEST_NAME, host_name_problem, is_international
from greygate.spec.mail_address import contact_problem
from greygate.spec.server_name import BadServerName, ServerName
from greygate.spec.user_id import LONGEST_USER_ID, user_id
from greygate.text import _

Problem = Callable[[str], str | None]  # why a text will not do; None where it will

# What records of ours are called: each is a name too.
_LONGEST_BEFORE = max("_matrix-fed._tcp.", "_acme-challenge.", key=len)
LONGEST_OWN = LONGEST_NAME - len(_LONGEST_BEFORE)

_PORT = re.compile(r":[0-9]*$")
_HOST_IN_URI = re.compile(r"(?P<before>[a-z]+://(?:[^/?#@]*@)?)(?P<host>[^/?#@:]+)(?P<after>.*)")

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
    if len(text) > LONGEST_OWN:
        return _("it has {length} characters; at most {most}, as {below} is put before it").format(
            length=len(text), most=LONGEST_OWN, below=_LONGEST_BEFORE
        )
    for label in text.lower().split("."):
        if not is_international(label):
            return (
                _("{label!r} is no international name").format(label=label)
                if label.startswith("xn--")
                else _("{label!r} has hyphens in its third and fourth place").format(label=label)
            )
    return None


def near_host(text: str, problem: Problem = own_name_problem) -> str | None:
    """A usable host name that `text` can be read as; None where it is one, or nothing is near."""
    meant = _bare(text.strip()).replace("_", "-")
    try:
        meant = idna.encode(meant, uts46=True).decode("ascii")
    except idna.IDNAError:
        return None
    usable = meant != text and "." in meant and problem(meant) is None
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


def host_hint(text: str, otherwise: str, problem: Problem = own_name_problem) -> str:
    """What to do where `text` cannot be a host's name: the one that was meant, if one is near."""
    near = near_host(text, problem)
    return _("did you mean {near}?").format(near=near) if near else otherwise


def near_uri(text: str) -> str | None:
    """`text` with its host as DNS spells it; None where that changes nothing, or is no name."""
    found = _HOST_IN_URI.fullmatch(text.strip())
    near = near_host(found["host"]) if found else None
    return f"{found['before']}{near}{found['after']}" if found and near else None


def uri_hint(text: str, otherwise: str) -> str:
    """What to do where `text` is no address: the one with the host that was meant, if near."""
    near = near_uri(text)
    return _("did you mean {near}?").format(near=near) if near and near.isascii() else otherwise


def mail_hint(text: str, otherwise: str) -> str:
    """What to do where `text` is no mail address: the one whose domain DNS has, if near."""
    local_part, _at, domain = text.strip().removeprefix("mailto:").rpartition("@")
    near = f"{local_part}@{near_host(domain) or domain}"
    known = near != text and contact_problem(near) is None
    return _("did you mean {near}?").format(near=near) if known else otherwise


def _bare(text: str) -> str:
    """What is left of a web address or a user id."""
    host = text.rpartition("://")[2].partition("/")[0]
    if "@" in host:
        host = host.rpartition("@")[2].partition(":")[2] or host.rpartition("@")[2]
    return _PORT.sub("", host).strip(".")
