"""The grammar of Matrix server names (Matrix appendices, "Server Name")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from greygate.text import _

LONGEST_DNS_NAME = 255  # dns-name = 1*255dns-char
LAST_PORT = 65535

_DNS_CHARACTERS = re.compile(r"[0-9A-Za-z.-]+")
_IPV6_CHARACTERS = re.compile(r"[0-9A-Fa-f:.]{2,45}")
_DOTTED_NUMBERS = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){3}")
_PORT = re.compile(r"[0-9]{1,5}")


class BadServerName(ValueError):
    """A text that is no server name; `rule` names the part of the grammar that it breaks."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(why)
        self.rule = rule
        self.why = why


@dataclass(frozen=True, slots=True)
class ServerName:
    """The part of a Matrix id after its first colon: a host, maybe a port; `str()` is as given."""

    text: str
    host: str  # without the brackets of an IPv6 literal
    port: int | None
    literal: IPv4Address | IPv6Address | None  # the host, where it is an address

    @classmethod
    def parse(cls, text: str) -> ServerName:
        """The server name that `text` spells; BadServerName where it spells none."""
        if not text:
            raise BadServerName("empty", _("a server name cannot be empty"))
        if text.startswith("["):
            bare, closed, rest = text[1:].partition("]")
            if not closed:
                raise BadServerName(
                    "ipv6", _("the bracket of {text!r} is never closed").format(text=text)
                )
            return cls(text, bare, _port(rest), _ipv6(bare))
        host, colon, _rest = text.partition(":")
        return cls(text, host, _port(text[len(host) :] if colon else ""), _ipv4_or_name(host))

    def __str__(self) -> str:
        return self.text


def _port(rest: str) -> int | None:
    if not rest:
        return None
    if not rest.startswith(":") or not _PORT.fullmatch(rest[1:]):
        raise BadServerName(
            "port", _("{rest!r} is not a colon and one to five digits").format(rest=rest)
        )
    port = int(rest[1:])
    if not 1 <= port <= LAST_PORT:
        raise BadServerName(
            "port",
            _("{port} is no port: they go from 1 to {last}").format(port=port, last=LAST_PORT),
        )
    return port


def _ipv6(bare: str) -> IPv6Address:
    if _IPV6_CHARACTERS.fullmatch(bare):
        try:
            return IPv6Address(bare)
        except AddressValueError:
            pass
    raise BadServerName("ipv6", _("{bare!r} is not an IPv6 address").format(bare=bare))


def _ipv4_or_name(host: str) -> IPv4Address | None:
    if not host:
        raise BadServerName("empty", _("there is no host before the colon"))
    if not _DNS_CHARACTERS.fullmatch(host):
        odd = next(c for c in host if not _DNS_CHARACTERS.fullmatch(c))
        raise BadServerName("character", _("{odd!r} cannot be in a server name").format(odd=odd))
    if len(host) > LONGEST_DNS_NAME:
        raise BadServerName(
            "length",
            _("{length} characters; at most {most} may be").format(
                length=len(host), most=LONGEST_DNS_NAME
            ),
        )
    if not _DOTTED_NUMBERS.fullmatch(host):
        return None
    try:
        return IPv4Address(host)
    except AddressValueError as error:
        raise BadServerName(
            "ipv4", _("{host!r} is not an IPv4 address").format(host=host)
        ) from error
