"""How Synapse resolves server names, laid beside its code (1.163, http/federation/).

A test compares it with Synapse itself. It departs from the specification in what it makes of a
document that it does not validate, in SRV targets that are aliases, and in one DNS error.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit, urlunsplit

from greygate.spec.delegation import Undelegated, WellKnownAnswer, in_time, stated
from greygate.spec.discovery import (
    PORT,
    SRV,
    SRV_DEPRECATED,
    Answer,
    Asking,
    NoRoute,
    Question,
    Route,
    fetch,
    look_up_addresses,
    look_up_srv,
    not_offered,
    targets_of,
    unanswered,
)
from greygate.spec.dns import (
    Address,
    AddressAnswer,
    Addresses,
    Failure,
    Service,
    Services,
    Unanswered,
)
from greygate.spec.host_name import is_international
from greygate.spec.server_name import ServerName
from greygate.text import _

_HOST = re.compile(r"[0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*")  # util/stringutils.py: VALID_HOST_REGEX
_PRINTABLE = re.compile(r"[\x21-\x7e]+")  # Twisted sends no other characters in an address
PATIENCE = 60.0  # seconds that a request may take; the document has no limit of its own
_BLOCKED = tuple(
    map(
        ip_network,
        (
            *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
            *("192.0.0.0/24", "169.254.0.0/16", "192.88.99.0/24", "198.18.0.0/15", "192.0.2.0/24"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "::1/128", "fe80::/10"),
            *("fc00::/7", "2001:db8::/32", "ff00::/8", "fec0::/10"),
        ),
    )
)  # config/server.py
_OWN_STEPS = ("1", "2", "4", "5", "6")  # the server name itself leads on
_DELEGATED_STEPS = ("3.1", "3.2", "3.3", "3.4", "3.5")


def synapse_route_to(name: ServerName) -> Asking:
    """MatrixFederationAgent.request"""
    if name.literal is None and not _HOST.fullmatch(name.host):
        return NoRoute("1", _("{name} is no name for Synapse").format(name=name))
    authority, steps = _Authority.parse(name.text), _OWN_STEPS
    if name.literal is None and name.port is None:
        document = yield from _document(authority.host)
        if isinstance(document, str):
            try:
                authority, steps = _Authority.parse(document), _DELEGATED_STEPS
            except ValueError as problem:  # Synapse reads on where the document should be dropped
                why = _("Synapse cannot use m.server {text!r}: {why}")
                return NoRoute("3", why.format(text=document, why=problem))
    return (yield from _resolved(authority, steps))


def _document(host: str) -> Generator[Question, Answer, str | Undelegated]:
    """Twisted connects to no name that IDNA 2008 does not know, and asks for no document there."""
    if not is_international(host):
        return Undelegated(_("{host} cannot be looked up by Twisted's rules").format(host=host))
    return synapse_delegation((yield from fetch(host)))


def synapse_delegation(answer: WellKnownAnswer) -> str | Undelegated:
    """WellKnownResolver._fetch_well_known: any ASCII will do for m.server, but for none."""
    match stated(in_time(answer, PATIENCE)):
        case str(text) if not text.isascii() or not text:
            return Undelegated(_("m.server is empty, or not ASCII"))
        case text:
            return text


@dataclass(frozen=True, slots=True)
class _Authority:
    """What Python's urllib and Twisted's URI make of a server name that is put into a URL."""

    text: str
    host: str
    port: int | None
    tls_name: str

    @classmethod
    def parse(cls, text: str) -> _Authority:
        """ValueError where Synapse fails."""
        if not _PRINTABLE.fullmatch(text):
            raise ValueError(_("it has characters that no URL can have"))
        parts = urlsplit(urlunsplit(("matrix-federation", text, "/_matrix", "", "")))
        again = urlsplit(urlunsplit(parts))  # the endpoint takes it apart anew, with other results
        if again.hostname is None:
            raise ValueError(_("there is no host in it"))
        return cls(parts.netloc, again.hostname, again.port, _tls_name(parts.netloc))


def _tls_name(authority: str) -> str:
    """twisted.web.client.URI.fromBytes: it cuts off numbers only, and keeps capital letters."""
    host, _colon, port = authority.rpartition(":")
    try:
        int(port)
    except ValueError:
        host = ""
    return (host or authority).strip("[]")


def _resolved(authority: _Authority, steps: tuple[str, ...]) -> Asking:
    """MatrixHostnameEndpoint._resolve_server; port 0 is as good as none to it."""
    host = authority.host
    if is_literal(host):
        return (yield from _reached(authority, _alone(host, authority.port or PORT), steps[0]))
    if authority.port:
        return (yield from _reached(authority, _alone(host, authority.port), steps[1]))
    for service, step in zip((SRV, SRV_DEPRECATED), steps[2:4], strict=True):
        match (yield from look_up_srv(f"{service}.{host}", step)):
            case Services(not_offered=True):
                return not_offered(step)
            case Services() as found:
                return (yield from _reached(authority, found, step))
            case Unanswered(failure) as silence if failure is not Failure.NOT_DONE:
                return unanswered(f"{service}.{host}", silence, step)
            case _:  # Absent; SrvResolver: "for .onion" NOTIMP is as good as none
                pass
    return (yield from _reached(authority, _alone(host, PORT), steps[4]))


def _alone(host: str, port: int) -> Services:
    return Services((Service(0, 0, port, host),))


def _reached(authority: _Authority, places: Services, step: str) -> Asking:
    """MatrixHostnameEndpoint._do_connect, ConnectionVerifier: aliases are followed everywhere."""
    usable, passed_over = yield from targets_of(places, step, look_up=_addresses)
    if not usable:
        return NoRoute(step, "; ".join(each.why for each in passed_over))
    name = authority.tls_name
    return Route(
        step=step,
        targets=tuple(usable),
        host_header=authority.text,
        sni=None if is_literal(name) else name or None,
        certificate_name=name,
        passed_over=tuple(passed_over),
    )


def _addresses(host: str, step: str) -> Generator[Question, Answer, AddressAnswer]:
    if is_literal(host):
        return Addresses((ip_address(host),))
    if not is_international(host):
        return Unanswered(Failure.CANNOT_BE_ASKED, _("by Twisted's rules"))  # HostnameEndpoint
    return (yield from look_up_addresses(host, step))


def is_blocked(address: Address) -> bool:
    """Whether a stock Synapse refuses to connect there: DEFAULT_IP_RANGE_BLOCKLIST."""
    return any(address.version == it.version and address in it for it in _BLOCKED)


def is_literal(host: str) -> bool:
    """Whether netaddr and Twisted take a host for an address: as inet_pton does."""
    try:
        return "%" not in host and bool(ip_address(host))
    except ValueError:
        return False
