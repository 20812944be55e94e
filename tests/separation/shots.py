"""What is shot at a door: octets, and what may come of them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import count
from typing import Any

Fields = tuple[tuple[bytes, bytes], ...]


class Expected(Enum):
    """What may come of a shot at Synapse."""

    NOTHING = "nothing arrives"
    ONCE = "it arrives once, bit by bit"
    IF_OPEN = "what arrives is open, whatever it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where shots go, and how one speaks there."""

    to: tuple[str, int]
    names: Mapping[str, str]  # what Host may be: "own", "client", "edge", "peer"
    sni: str | None
    alpn: tuple[str, ...] = ("http/1.1",)
    tls: bool = True
    proxy: bytes = b""  # before everything else
    source: str = ""
    connections: float = 0  # new ones a second, 0: as fast as it goes
    requests: float = 0
    patience: float = 3.0  # seconds without an octet, until a shot counts as unanswered

    @property
    def host(self) -> bytes:
        return self.names["own"].encode()

    def over(self, *alpn: str) -> Door:
        return replace(self, alpn=alpn)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One connection's worth of octets."""

    mark: str
    kind: str  # what it aims at: client, admin, media, other, must
    name: str  # the technique
    door: Door
    octets: bytes  # a whole request, or the body where there are fields
    fields: Fields | None = None  # of HTTP/2
    method: str = "GET"
    target: str = ""
    expected: Expected = Expected.NOTHING
    kept: bool = False  # the connection may be used again
    lingers: bool = False  # there may be more than one answer

    def line(self) -> dict[str, Any]:
        """As the shooter reads it."""
        door = self.door
        told = {
            "id": self.mark,
            "to": list(door.to),
            "source": door.source,
            "proxy": _text(door.proxy),
            "tls": door.tls,
            "sni": door.sni,
            "alpn": list(door.alpn),
            "connections": door.connections,
            "requests": door.requests,
            "patience": door.patience,
            "octets": _text(self.octets),
            "kept": self.kept,
            "lingers": self.lingers,
            "bodyless": self.method == "HEAD",
        }
        if self.fields is not None:
            told["fields"] = [[_text(name), _text(value)] for name, value in self.fields]
        return told


_NUMBERS = count(1)
NextMark = Callable[[], str]


def next_mark() -> str:
    """A word that no other shot of this run has; it goes into User-Agent and query."""
    return f"shot{next(_NUMBERS):06d}x"


def marked(target: str, mark: str) -> str:
    """The target with the mark in its query, which no rule looks at."""
    return f"{target}{'&' if '?' in target else '?'}mark={mark}"


def request(
    door: Door, method: str, target: str, *headers: bytes, mark: str, body: bytes | None = None
) -> bytes:
    """An ordinary HTTP/1.1 request."""
    if body is None:
        body = b"{}" if method in ("POST", "PUT", "PATCH") else b""
    lines = [
        f"{method} {target} HTTP/1.1".encode(),
        b"Host: " + door.host,
        b"User-Agent: " + mark.encode(),
        *headers,
        *((b"Content-Type: application/json", b"Content-Length: %d" % len(body)) if body else ()),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


# Of a signature our ingress looks whether there is one, and Synapse whether it is right.
UNPROVEN = b"X-Matrix unproven"


def h2_fields(door: Door, method: str, target: str, *, mark: str) -> dict[bytes, bytes]:
    """The same, as HTTP/2 has it."""
    return {
        b":method": method.encode(),
        b":scheme": b"https",
        b":path": target.encode(),
        b":authority": door.host,
        b"user-agent": mark.encode(),
    }


def plain(
    door: Door, method: str, target: str, *, kind: str, name: str, expected: Expected, **more: Any
) -> Shot:
    """One request of its own on a kept connection, in whichever HTTP the door speaks."""
    mark = next_mark()
    shown = marked(target, mark)
    fields = None
    octets = request(door, method, shown, b"Authorization: " + UNPROVEN, mark=mark)
    if door.alpn == ("h2",):
        octets = b"{}" if method in ("POST", "PUT", "PATCH") else b""
        said = h2_fields(door, method, shown, mark=mark) | {b"authorization": UNPROVEN}
        fields = tuple(said.items())
    return Shot(
        mark=mark,
        kind=kind,
        name=name,
        door=door,
        octets=octets,
        fields=fields,
        method=method,
        target=shown,
        expected=expected,
        kept=True,
        **more,
    )


def _text(octets: bytes) -> str:
    return b64encode(octets).decode()
