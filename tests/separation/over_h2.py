"""What only HTTP/2 can say, and what a front makes of it when it speaks HTTP/1.1 behind."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from separation.shots import Door, Expected, Shot, h2_fields, marked, next_mark
from separation.table import kind_of
from separation.techniques import AIMS, VERSION, spellings

Said = dict[bytes, bytes]


def spelled(door: Door, aims: Sequence[str] = AIMS) -> Iterator[Shot]:
    """Every aim in every spelling, in a stream of its own."""
    for aim in aims:
        for name, target in spellings(aim):
            mark = next_mark()
            fields = h2_fields(door, "GET", marked(target, mark), mark=mark)
            is_open = target.startswith(f"{VERSION}?")
            expected = Expected.IF_OPEN if is_open else Expected.NOTHING
            yield _shot(door, aim, f"h2 {name}", mark, fields, expected=expected)


def said(door: Door, aims: Sequence[str] = AIMS) -> Iterator[Shot]:
    """Every aim with every oddity, in its own words and in those of an open request."""
    for aim in aims:
        for name, oddity in _oddities(door, aim):
            mark = next_mark()
            closed = h2_fields(door, "GET", marked(aim, mark), mark=mark)
            yield _shot(door, aim, f"h2 {name}", mark, closed | oddity)
            mark = next_mark()
            fields = h2_fields(door, "GET", marked(VERSION, mark), mark=mark) | oddity
            expected = Expected.IF_OPEN
            yield _shot(door, aim, f"h2 open, {name}", mark, fields, expected=expected)


def _oddities(door: Door, aim: str) -> Iterator[tuple[str, Said]]:
    own, wanted = door.host, aim.encode()
    for scheme in (b"http", b"ftp", b"x", b"", b"https://localhost" + wanted + b"?", b"HTTPS"):
        yield f"scheme {scheme!r}", {b":scheme": scheme}
    for authority in (
        *(b"localhost", b"", b"a@" + own, own + b"@localhost", own + b" ", own + b"."),
        *(own + wanted, own + wanted + b"?", own + wanted + b"#", own + b"\\", own + b":1:2"),
        *(name.encode() for name in door.names.values()),
    ):
        yield f"authority {authority!r}", {b":authority": authority}
    for path in (b"*", b"", wanted[1:], b"https://" + own + wanted, wanted + b" HTTP/1.1\r\nX: y"):
        yield f"path {path!r}", {b":path": path}
    for method in (b"CONNECT", b"OPTIONS", b"get", b"GET " + wanted, b"", b"PRI", b"GET\r\n"):
        yield f"method {method!r}", {b":method": method}
    for name, value in (
        (b"host", b"localhost"),
        (b":protocol", b"websocket"),
        (b"transfer-encoding", b"chunked"),
        (b"content-length", b"5"),
        (b"connection", b"upgrade"),
        (b"upgrade", b"h2c"),
        (b"te", b"chunked"),
        (b"Host", b"localhost"),
        (b"x\r\nhost", b"localhost"),
        (b"x", b"y\r\n\r\nGET " + wanted + b" HTTP/1.1\r\nHost: " + own + b"\r\n\r\n"),
        (b":path2", wanted),
    ):
        yield f"field {name!r}: {value!r}", {name: value}
    yield "extended connect", {b":method": b"CONNECT", b":protocol": b"websocket"}


def _shot(
    door: Door,
    aim: str,
    name: str,
    mark: str,
    fields: Said,
    *,
    expected: Expected = Expected.NOTHING,
) -> Shot:
    return Shot(
        mark=mark,
        kind=kind_of(aim),
        name=f"{name}: {aim}",
        door=door,
        octets=b"",
        fields=tuple(fields.items()),
        expected=expected,
        kept=True,
    )
