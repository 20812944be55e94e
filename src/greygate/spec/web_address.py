"""The part of RFC 3986 that addresses of web services need, without what programs mend silently.

urllib drops line breaks and blanks, and takes any port; what we send to and publish must be what
the operator wrote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from greygate.spec.host_name import host_name_problem
from greygate.spec.public_address import undialable_because
from greygate.text import _

LAST_PORT = 65535

_PARTS = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[^\[\]/?]*\]|[^:/?]*)(?::(?P<port>[^/?]*))?(?P<path>[/?].*)?"
)
_UNSAFE = '"<>\\^`{|}'  # printable, and no part of RFC 3986's grammar all the same
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}")
_DOTTED = re.compile(r"[0-9.]+")


def url_problem(text: str, schemes: Sequence[str] = ("https",)) -> str | None:
    """Why nothing can be asked at `text`; None where something can."""
    if odd := next((it for it in text if not "!" <= it <= "~" or it in _UNSAFE), None):
        return _("{odd!a} cannot be in an address").format(odd=odd)
    if bad := _BAD_ESCAPE.search(text):
        return _("{text!r} is no escape; write % as %25").format(text=bad[0])
    found = _PARTS.fullmatch(text)
    if found is None or found["scheme"] not in schemes:
        begin = " or ".join(f"{scheme}://" for scheme in schemes)
        return _("it begins with {begin} and a name").format(begin=begin)
    if "@" in found["host"] + (found["port"] or ""):
        return _("an account does not belong into an address")
    if "#" in text:
        return _("what follows # is never sent")
    return _host_problem(found["host"]) or _port_problem(found["port"])


def host_of(text: str) -> str:
    """The host of an address that has no problem, without brackets."""
    found = _PARTS.fullmatch(text)
    return found["host"].strip("[]") if found else ""


def _host_problem(host: str) -> str | None:
    try:
        if host.startswith("["):
            return undialable_because(IPv6Address(host[1:-1]))
        if _DOTTED.fullmatch(host):
            return undialable_because(IPv4Address(host))
    except ValueError:
        return _("{host} is no IP address").format(host=host)
    return None if host == "localhost" else host_name_problem(host)


def _port_problem(port: str | None) -> str | None:
    if port is None or (port.isdecimal() and len(port) < 6 and 1 <= int(port) <= LAST_PORT):
        return None
    return _("{port!r} is no port: they go from 1 to {last}").format(port=port, last=LAST_PORT)
