"""PROXY headers (HAProxy's doc/proxy-protocol.txt) that nobody but an edge may say, and lies."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace

from separation.shots import Door, Expected, Shot, marked, next_mark, request
from separation.table import kind_of
from separation.techniques import VERSION

SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
LIES = ("127.0.0.1", "203.0.113.10", "192.168.50.2", "0.0.0.0", "255.255.255.255")
LIES_6 = ("::1", "::", "fe80::1", "200::1", "::ffff:127.0.0.1")
AIMS = ("/_matrix/client/versions", "/_synapse/admin/v1/server_version")


def honest(source: str = "203.0.113.40") -> bytes:
    """What an edge says: TCP over IPv4, version 2."""
    return _v2(_four(source))


def headers(home: str) -> Iterator[tuple[str, bytes]]:
    """Both versions, right and wrong; `home` is an address one would like to come from."""
    for lie in LIES:
        yield f"v2 from {lie}", honest(lie)
        yield f"v1 from {lie}", b"PROXY TCP4 %s 203.0.113.10 40000 8448\r\n" % lie.encode()
    for lie in (*LIES_6, home):
        yield f"v2 from {lie}", _v2(_six(lie), family=0x21)
        yield f"v1 from {lie}", b"PROXY TCP6 %s 200::2 40000 8448\r\n" % lie.encode()
    yield "v2 local", _v2(b"", command=0x20, family=0)
    yield "v2 local with an address", _v2(_four("127.0.0.1"), command=0x20)
    yield "v2 unspecified", _v2(b"", family=0)
    yield "v2 unix", _v2(b"/run/x".ljust(108, b"\0") * 2, family=0x31)
    yield "v2 udp", _v2(_four("127.0.0.1"), family=0x12)
    yield "v2 of a later version", _v2(_four("127.0.0.1"), command=0x31)
    yield "v2 command", _v2(_four("127.0.0.1"), command=0x2F)
    yield "v2 too short", _v2(b"\x7f\0")
    yield "v2 too long", SIGNATURE + b"\x21\x11\xff\xff" + _four("127.0.0.1")
    for kind, value in (
        (0x01, b"h2"),
        (0x02, b"m.twinkle.example"),
        (0x20, b"\x01\0\0\0\0\x21\0\7TLSv1.3"),
        (0x30, b"blue"),
    ):
        more = bytes([kind]) + len(value).to_bytes(2, "big") + value
        yield f"v2 with {kind:#x}", _v2(_four("127.0.0.1") + more)
    yield "v1 unknown", b"PROXY UNKNOWN\r\n"
    yield "v1 unknown with more", b"PROXY UNKNOWN 127.0.0.1 127.0.0.1 1 2\r\n"
    yield "v1 of anything", b"PROXY TCP4 localhost localhost 0 99999\r\n"
    yield "v1 too long", b"PROXY " + b"A" * 200 + b"\r\n"
    yield "v2 twice", honest() + honest("127.0.0.1")
    yield "v2 then v1", honest() + b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n"
    yield "HTTP in clear", b"GET /_matrix/client/versions HTTP/1.1\r\nHost: localhost\r\n\r\n"


def shots(door: Door, home: str) -> Iterator[Shot]:
    """Every header in front of something closed and of something open."""
    for name, octets in headers(home):
        through = replace(door, proxy=octets)
        for aim in (*AIMS, VERSION):
            mark = next_mark()
            yield Shot(
                mark=mark,
                kind=kind_of(aim),
                name=f"{name}: {aim}",
                door=through,
                octets=request(door, "GET", marked(aim, mark), mark=mark),
                expected=Expected.IF_OPEN if aim == VERSION else Expected.NOTHING,
            )


def _v2(body: bytes, *, command: int = 0x21, family: int = 0x11) -> bytes:
    return SIGNATURE + bytes([command, family]) + len(body).to_bytes(2, "big") + body


def _four(source: str) -> bytes:
    ends = socket.inet_aton(source) + socket.inet_aton("203.0.113.10")
    return ends + (40000).to_bytes(2, "big") + (8448).to_bytes(2, "big")


def _six(source: str) -> bytes:
    ends = (socket.inet_pton(socket.AF_INET6, it) for it in (source, "200::2"))
    return b"".join(ends) + (40000).to_bytes(2, "big") + (8448).to_bytes(2, "big")
