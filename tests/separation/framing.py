"""Requests whose end, name or version two programs may see in two places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from separation.shots import Door, Expected, Shot, marked, next_mark
from separation.table import kind_of
from separation.techniques import AIMS, VERSION

SEND = "/_matrix/federation/v1/send/1"

# Names and values of a body's length, as proxies and servers have misread them.
LENGTHS: tuple[tuple[str, tuple[bytes, ...]], ...] = (
    ("CL.TE", (b"Content-Length: @", b"Transfer-Encoding: chunked")),
    ("TE.CL", (b"Transfer-Encoding: chunked", b"Content-Length: 4")),
    ("TE xchunked", (b"Transfer-Encoding: xchunked", b"Content-Length: @")),
    ("TE space", (b"Transfer-Encoding : chunked", b"Content-Length: @")),
    ("TE tab", (b"Transfer-Encoding:\tchunked", b"Content-Length: @")),
    ("TE form feed", (b"Transfer-Encoding: \x0cchunked", b"Content-Length: @")),
    ("TE folded", (b"Transfer-Encoding:\r\n chunked", b"Content-Length: @")),
    ("TE twice", (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity")),
    ("TE list", (b"Transfer-Encoding: identity, chunked", b"Content-Length: @")),
    ("TE chunked, identity", (b"Transfer-Encoding: chunked, identity", b"Content-Length: @")),
    ("TE quoted", (b'Transfer-Encoding: "chunked"', b"Content-Length: @")),
    ("TE underscore", (b"Transfer_Encoding: chunked", b"Content-Length: @")),
    ("TE after LF", (b"X: y\nTransfer-Encoding: chunked", b"Content-Length: @")),
    ("TE after CR", (b"X: y\rTransfer-Encoding: chunked", b"Content-Length: @")),
    ("CL twice", (b"Content-Length: 0", b"Content-Length: @")),
    ("CL list", (b"Content-Length: 0, @",)),
    ("CL plus", (b"Content-Length: +0",)),
    ("CL minus", (b"Content-Length: -1",)),
    ("CL hex", (b"Content-Length: 0x0",)),
    ("CL wraps", (b"Content-Length: 18446744073709551616",)),
    ("CL space", (b"Content-Length : 0",)),
    ("CL empty", (b"Content-Length:",)),
    ("CL nul", (b"Content-Length: 0\x00",)),
    ("no length", ()),
)

CHUNKS: tuple[tuple[str, bytes], ...] = (
    ("chunk LF", b"0\n\n"),
    ("chunk plus", b"+0\r\n\r\n"),
    ("chunk 0x", b"0x0\r\n\r\n"),
    ("chunk extension", b"0;a=b\n\r\n\r\n"),
    ("chunk wraps", b"10000000000000000\r\n\r\n"),
    ("chunk trailer", b"0\r\nContent-Length: 5\r\n\r\n"),
    ("chunk space", b"0 \r\n\r\n"),
    ("chunk end missing", b"1\r\nxx0\r\n\r\n"),
)


def smuggled(door: Door, aims: Sequence[str] = AIMS) -> Iterator[Shot]:
    """A closed request in the body of an open one."""
    for aim in aims:
        for name, lengths in LENGTHS:
            mark = next_mark()
            inner = _inner(door, aim, mark)
            body = b"0\r\n\r\n" + inner
            sized = tuple(it.replace(b"@", b"%d" % len(body)) for it in lengths)
            octets = _head(door, "PUT", SEND, *sized) + body
            yield _shot(door, aim, name, mark, octets, lingers=True)
        for name, chunk in CHUNKS:
            mark = next_mark()
            head = _head(door, "PUT", SEND, b"Transfer-Encoding: chunked")
            yield _shot(door, aim, name, mark, head + chunk + _inner(door, aim, mark), lingers=True)
        mark = next_mark()
        both = _head(door, "GET", VERSION) + _inner(door, aim, mark)
        yield _shot(door, aim, "pipelined", mark, both, lingers=True)


def lines(door: Door, aims: Sequence[str] = AIMS) -> Iterator[Shot]:
    """Request lines and heads of all sorts, with a closed target."""
    for aim in aims:
        for name, first, end in _first_lines():
            mark = next_mark()
            line = first.replace("@", marked(aim, mark)).encode()
            head = (line, b"Host: " + door.host, b"User-Agent: " + mark.encode())
            yield _shot(door, aim, f"line {name}", mark, end.join((*head, b"", b"")))
        for name, hosts in _hosts(door):
            mark = next_mark()
            octets = b"\r\n".join(
                (f"GET {marked(aim, mark)} HTTP/1.1".encode(), *hosts, _agent(mark), b"", b"")
            )
            yield _shot(door, aim, f"host {name}", mark, octets)


def _first_lines() -> Iterator[tuple[str, str, bytes]]:
    for version in ("1.0", "1.2", "2.0", "3.0", "0.9", "1.1x", "11", "1,1"):
        yield f"HTTP/{version}", f"GET @ HTTP/{version}", b"\r\n"
    yield "no version", "GET @", b"\r\n"
    yield "lower version", "GET @ http/1.1", b"\r\n"
    yield "LF", "GET @ HTTP/1.1", b"\n"
    yield "CR", "GET @ HTTP/1.1", b"\r"
    yield "blank before", "\r\n\r\nGET @ HTTP/1.1", b"\r\n"
    yield "two targets", f"GET {VERSION} @ HTTP/1.1", b"\r\n"
    yield "two targets, the other way", f"GET @ {VERSION} HTTP/1.1", b"\r\n"
    yield "two versions", "GET @ HTTP/1.1 HTTP/1.1", b"\r\n"
    yield "tabs", "GET\t@\tHTTP/1.1", b"\r\n"
    yield "spaces", "GET  @  HTTP/1.1", b"\r\n"
    yield "space before", " GET @ HTTP/1.1", b"\r\n"
    for method in ("get", "CONNECT", "PRI", "PROPFIND", "GET/", "G\x00ET", "\u00e9", "*", "X-GET"):
        yield f"method {method!r}", f"{method} @ HTTP/1.1", b"\r\n"


def _hosts(door: Door) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    for role, name in door.names.items():
        yield role, (f"Host: {name}".encode(),)
    own = door.host
    yield "none", ()
    yield "empty", (b"Host:",)
    yield "localhost", (b"Host: localhost",)
    yield "a path", (b"Host: " + own + VERSION.encode(),)
    yield "two", (b"Host: " + own, b"Host: localhost")
    yield "two, the other way", (b"Host: localhost", b"Host: " + own)
    yield "folded", (b"Host: localhost\r\n " + own,)
    yield "list", (b"Host: " + own + b", localhost",)
    yield "user", (b"Host: localhost@" + own,)
    yield "port", (b"Host: " + own + b":8008",)
    yield "dot", (b"Host: " + own + b".",)
    yield "space", (b"Host : " + own,)


def _head(door: Door, method: str, target: str, *extra: bytes) -> bytes:
    start = (f"{method} {target} HTTP/1.1".encode(), b"Host: " + door.host)
    return b"\r\n".join((*start, *extra, b"", b""))


def _inner(door: Door, aim: str, mark: str) -> bytes:
    return _head(door, "GET", marked(aim, mark), _agent(mark))


def _agent(mark: str) -> bytes:
    return b"User-Agent: " + mark.encode()


def _shot(
    door: Door, aim: str, name: str, mark: str, octets: bytes, *, lingers: bool = False
) -> Shot:
    return Shot(
        mark=mark,
        kind=kind_of(aim),
        name=f"{name}: {aim}",
        door=door,
        octets=octets,
        expected=Expected.NOTHING,
        lingers=lingers,
    )
