"""The grammar of Yggdrasil's peer and listen addresses (yggdrasil-go 0.5.12, src/core/link*.go).

The program itself is a poor teacher here: one bad peer stops the whole node, a bad listener is
skipped with a line in the log, and an unknown parameter is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import parse_qsl, unquote_to_bytes

from greygate.spec.host_name import LONGEST_NAME, ends_in_number
from greygate.spec.public_address import undialable_because
from greygate.spec.yggdrasil import KEY_LENGTH, is_overlay
from greygate.text import _

DIALLED = ("tcp", "tls", "quic", "ws", "wss", "unix", "socks", "sockstls")
LISTENED = ("tcp", "tls", "quic", "ws", "unix")
LONGEST_PASSWORD = 64  # octets; blake2b.Size
LONGEST_SOCKET = 107  # octets; sun_path, without its final zero (unix(7))
LAST_PORT = 65535
# Seconds (minimumBackoffLimit): since 0.5.13, and before it. A node panics of less.
LEAST_BACKOFF, OLD_LEAST_BACKOFF = 5.0, 30.0
SHORT_BACKOFFS = (0, 5, 13)

_PEER_PARAMETERS = ("key", "sni", "priority", "maxbackoff", "password")
_LISTEN_PARAMETERS = ("priority", "password")
_HOST_NAME = re.compile(r"(?!-)[0-9A-Za-z_-]{1,63}(\.[0-9A-Za-z_-]{1,63})*\.?")
_PLACE = re.compile(r"(\[(?P<literal>[^\[\]]+)\]|(?P<host>[^\[\]:]*)):(?P<port>[0-9]{1,5})")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}")
_USER = re.compile(r"[0-9A-Za-z%._:~!$&'()*+,;=@-]*")  # net/url, validUserinfo
_HOST_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:/\[\]]+):(?P<port>[0-9]{1,5})")
# Go's time.ParseDuration, which refuses what does not fit into its type, and digits but these.
_DURATION = re.compile(r"\+?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|ms|s|m|h))+")
_DURATION_PART = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|ms|s|m|h)")
_LONGEST_DURATION = 2**63 / 1e9  # seconds
_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class _Bad(ValueError):
    """Why an address cannot be used."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """The parts of an address. urllib refuses more of them with each Python; the node does not."""

    scheme: str
    netloc: str
    path: str
    query: str


def peer_problem(uri: str) -> str | None:
    """Why a node cannot dial `uri`; None where it can."""
    try:
        _check_peer(uri)
    except _Bad as problem:
        return str(problem)
    return None


def listen_problem(uri: str) -> str | None:
    """Why a node cannot listen at `uri`; None where it can."""
    try:
        _check_listen(uri)
    except _Bad as problem:
        return str(problem)
    return None


def tcp_place(uri: str) -> tuple[IPv4Address | IPv6Address | None, int] | None:
    """Where a good listener takes a TCP port; without an address it takes all. None for others."""
    taken = port_place(uri)
    return (taken[2], taken[1]) if taken and taken[0] == "tcp" else None


def port_place(uri: str) -> tuple[str, int, IPv4Address | IPv6Address | None] | None:
    """The kind of port that a good listener takes, its number, and where; None for a socket."""
    parts = _split(uri, LISTENED)
    if parts.scheme == "unix":
        return None
    kind = "udp" if parts.scheme == "quic" else "tcp"
    return kind, int(parts.netloc.rpartition(":")[2]), _literal(_host(parts))


def least_backoff(version: tuple[int, int, int]) -> float:
    """The least `maxbackoff` that a node of that version takes, seconds."""
    return LEAST_BACKOFF if version >= SHORT_BACKOFFS else OLD_LEAST_BACKOFF


def backoff_of(uri: str) -> float | None:
    """The `maxbackoff` of a sound peer, seconds; None where it has none."""
    given = dict(parse_qsl(uri.partition("?")[2], keep_blank_values=True))
    return _seconds(given["maxbackoff"]) if "maxbackoff" in given else None


def _check_peer(uri: str) -> None:
    parts = _split(uri, DIALLED)
    _check_parameters(parts, _PEER_PARAMETERS)
    if parts.scheme == "unix":
        return _check_path(parts)
    host = _host(parts)
    if not host:
        raise _Bad(_("it names no host; an address to listen on belongs under listen"))
    literal = _literal(host)
    if literal is not None:
        _check_reachable(literal)
    elif not _is_host_name(host):
        raise _Bad(_("{host!r} is neither an address nor a host name").format(host=host))
    if parts.scheme.startswith("socks") and not _is_place(parts.path.strip("/")):
        raise _Bad(
            _("behind the proxy there must be a host and a port: socks://proxy:port/host:port")
        )


def _is_host_name(text: str) -> bool:
    bare = text.removesuffix(".")
    fits = _HOST_NAME.fullmatch(text) is not None and len(bare) <= LONGEST_NAME
    return fits and not ends_in_number(bare)


def _is_place(text: str) -> bool:
    found = _HOST_PORT.fullmatch(text)
    return found is not None and 1 <= int(found["port"]) <= LAST_PORT


def _check_listen(uri: str) -> None:
    parts = _split(uri, DIALLED)
    if parts.scheme == "wss":
        raise _Bad(
            _("a node cannot listen with wss; listen with ws behind a web server, or with tls")
        )
    if parts.scheme not in LISTENED:
        raise _Bad(
            _("a node cannot listen with {scheme}; it can with {known}").format(
                scheme=parts.scheme, known=", ".join(LISTENED)
            )
        )
    _check_parameters(parts, _LISTEN_PARAMETERS)
    if parts.scheme == "unix":
        return _check_path(parts)
    host = _host(parts)
    literal = _literal(host) if host else None
    if literal is not None and not literal.is_unspecified:
        _check_somebodys(literal)
    if host and literal is None:
        raise _Bad(
            _("{host!r} is not an address of this machine; [::] stands for all of them").format(
                host=host
            )
        )


def _split(uri: str, schemes: tuple[str, ...]) -> _Parts:
    if not uri.isascii() or not uri.isprintable() or " " in uri:
        raise _Bad(_("only printable ASCII without blanks can be in it"))
    if "://" not in uri:
        raise _Bad(
            _("it must begin with one of {known}").format(
                known=", ".join(s + "://" for s in schemes)
            )
        )
    written, _colon, rest = uri.partition("://")
    head, _mark, query = rest.partition("?")
    netloc, slash, path = head.partition("/")
    scheme = written.lower()
    if scheme not in schemes:
        raise _Bad(
            _("{scheme!r} is not one of {known}").format(scheme=written, known=", ".join(schemes))
        )
    if "#" in uri:
        raise _Bad(_("what follows # would be dropped; write it %23"))
    # Go's net/url: a bad escape stops the node before "?", and drops the parameter behind it.
    user = netloc.rpartition("@")[0]
    if found := _BAD_ESCAPE.search("\n".join((user, path, query))):
        raise _Bad(_("{text!r} is no escape; write % as %25").format(text=found[0]))
    if ";" in query:
        raise _Bad(_("a parameter with ; in it would be dropped; write it %3B"))
    if not _USER.fullmatch(user):
        raise _Bad(_("what stands before @ has characters that must be escaped there"))
    return _Parts(scheme, netloc, slash + path, query)


def _check_path(parts: _Parts) -> None:
    path = unquote_to_bytes(parts.path)
    if parts.netloc or not path.startswith(b"/") or path.endswith(b"/"):
        raise _Bad(_("a unix socket is written unix:///path/to/socket"))
    if b"\0" in path or len(path) > LONGEST_SOCKET:
        raise _Bad(
            _("a socket's path has at most {most} octets, and no zero among them").format(
                most=LONGEST_SOCKET
            )
        )


def _host(parts: _Parts) -> str:
    place = _PLACE.fullmatch(parts.netloc.rpartition("@")[2])
    if place is None:
        raise _Bad(_("it must name a host and a port, and an IPv6 address in brackets"))
    if not 1 <= int(place["port"]) <= LAST_PORT:
        raise _Bad(
            _("{port} is no port: they go from 1 to {last}").format(
                port=place["port"], last=LAST_PORT
            )
        )
    return place["literal"] or place["host"] or ""


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    if ":" not in host:
        return IPv4Address(host) if _is_ipv4(host) else None
    try:
        address = IPv6Address(host)
    except ValueError:
        raise _Bad(_("{host!r} is not an IPv6 address").format(host=host)) from None
    if address.scope_id is not None:
        raise _Bad(_("{host!r} names an interface, which the node would drop").format(host=host))
    return address


def _is_ipv4(host: str) -> bool:
    try:
        IPv4Address(host)
    except ValueError:
        return False
    return True


def _check_reachable(address: IPv4Address | IPv6Address) -> None:
    _check_somebodys(address)
    # The node filters these itself: it would tunnel Yggdrasil through Yggdrasil.
    if is_overlay(address):
        raise _Bad(
            _("{address} is on the overlay; a peer must be reached by other means").format(
                address=address
            )
        )


def _check_somebodys(address: IPv4Address | IPv6Address) -> None:
    if why := undialable_because(address):
        raise _Bad(_("{why} ({address})").format(address=address, why=why))


def _check_parameters(parts: _Parts, known: tuple[str, ...]) -> None:
    given = parse_qsl(parts.query, keep_blank_values=True)
    for name, _value in given:
        if name not in known:
            raise _Bad(
                _("{name!r} is not a parameter here; {known} are").format(
                    name=name, known=", ".join(known)
                )
            )
    names = [name for name, _value in given]
    if twice := next((name for name in names if names.count(name) > 1 and name != "key"), None):
        raise _Bad(_("{name!r} is there twice, and the node reads one of them").format(name=twice))
    for name, value in given:
        problem = _PARAMETERS[name](value)
        if problem:
            raise _Bad(problem)


def _key_problem(value: str) -> str | None:
    # The node takes a key of any length, pads it, and then meets nobody who has it.
    if re.fullmatch(rf"[0-9A-Fa-f]{{{KEY_LENGTH * 2}}}", value):
        return None
    return _("key must be {digits} hexadecimal digits").format(digits=KEY_LENGTH * 2)


def _sni_problem(value: str) -> str | None:
    if _is_host_name(value):
        return None
    return _("sni must be a host name, which {value!r} is not").format(value=value)


def _priority_problem(value: str) -> str | None:
    if re.fullmatch(r"[0-9]{1,3}", value) and int(value) < 256:
        return None
    return _("priority must be a number from 0 to 255, not {value!r}").format(value=value)


def _maxbackoff_problem(value: str) -> str | None:
    if not _DURATION.fullmatch(value) or _seconds(value) >= _LONGEST_DURATION:
        return _("maxbackoff must be a time like 60s or 5m, not {value!r}").format(value=value)
    if _seconds(value) < LEAST_BACKOFF:
        return _("maxbackoff must be at least {least:.0f}s, not {value}").format(
            least=LEAST_BACKOFF, value=value
        )
    return None


def _seconds(duration: str) -> float:
    return sum(float(n) * _SECONDS[unit] for n, unit in _DURATION_PART.findall(duration))


def _password_problem(value: str) -> str | None:
    if len(value.encode()) <= LONGEST_PASSWORD:
        return None
    return _("password must have at most {most} octets").format(most=LONGEST_PASSWORD)


_PARAMETERS: Mapping[str, Callable[[str], str | None]] = {
    "key": _key_problem,
    "sni": _sni_problem,
    "priority": _priority_problem,
    "maxbackoff": _maxbackoff_problem,
    "password": _password_problem,
}
