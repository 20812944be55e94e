"""The grammar of host names (RFC 952, RFC 1123 section 2.1): stricter than what DNS can carry."""

from __future__ import annotations

import re

import idna

from greygate.text import _

LONGEST_NAME = 253  # RFC 1035: 255 octets on the wire, two of which the text does not show
LONGEST_LABEL = 63

_NUMBER = re.compile(r"[0-9]+|0[Xx][0-9A-Fa-f]*")
_LABEL = re.compile(r"[0-9A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?")


def is_international(host: str) -> bool:
    """Whether IDNA 2008 knows the name (RFC 5891, 4.2), as Twisted demands of it."""
    try:
        idna.decode(host)
    except (idna.IDNAError, UnicodeError):
        return False
    return True


def international_problem(text: str) -> str | None:
    """Why DNS has no spelling of `text`; None where it has one."""
    try:
        idna.encode(text, uts46=True)
    except idna.IDNAError:
        return _("{text!r} is no international name").format(text=text)
    return None


def host_name_problem(text: str) -> str | None:
    """Why `text` cannot be a host's name; None where it can."""
    if not text:
        return _("a host name cannot be empty")
    if len(text) > LONGEST_NAME:
        return _("it has {length} characters; a host name has at most {most}").format(
            length=len(text), most=LONGEST_NAME
        )
    labels = text.split(".")
    for label in labels:
        if not label:
            return _("two dots stand together, or one at an end")
        if len(label) > LONGEST_LABEL:
            return _("{label!r} is longer than {most} characters").format(
                label=label, most=LONGEST_LABEL
            )
        if not _LABEL.fullmatch(label):
            return _("{label!r} is not made of a-z, 0-9 and - (not at its ends)").format(
                label=label
            )
    return _("{text!r} ends in a number").format(text=text) if ends_in_number(text) else None


def ends_in_number(text: str) -> bool:
    """Whether browsers read the name as an IPv4 address (URL standard, "ends in a number")."""
    return _NUMBER.fullmatch(text.rpartition(".")[2]) is not None
