"""Every way known to us of asking for what is closed: by another spelling, framing or name.

Each was tried somewhere on some proxy (docs/separation.md names them); here all are tried at all
doors. Where a front reads a request in another way than what is behind it, one of these shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from separation.shots import Door, Expected, Shot, marked, next_mark, request
from separation.table import kind_of

VERSION = "/_matrix/federation/v1/version"
LOGIN = "/_matrix/client/v3/login"
PUSH_RULE = "/_matrix/client/v3/pushrules/global/override/.m.rule.master/enabled"

# What would answer a stranger, each through another resource of Synapse's.
AIMS = (
    "/_matrix/client/versions",
    LOGIN,
    PUSH_RULE,
    "/_synapse/admin/v1/server_version",
    "/_synapse/client/pick_idp",
    "/_matrix/media/v3/config",
    "/_matrix/static/",
    "/health",
)


def spellings(aim: str) -> Iterator[tuple[str, str]]:
    """The name of a spelling, and the target."""
    tail = aim.lstrip("/")
    first, _, rest = tail.partition("/")
    depth = aim.rstrip("/").count("/")  # up to the root and not beyond, which nginx refuses
    for up in ("..", "%2e%2e", "%2E.", ".%2e", "..;", "..;x=1", "%252e%252e"):
        yield f"climb {up}", f"/_matrix/federation/{up}/{up}/{tail}"
        yield f"climb {up} from an endpoint", f"{VERSION}/{f'{up}/' * 4}{tail}"
        for times in (depth, depth + 2):
            whole = f"{aim.rstrip('/')}/{f'{up}/' * times}{VERSION[1:]}"
            yield f"climb {up} {times} times after it", whole
    for slash in ("%2f", "%2F", "\\", "%5c", "%252f", "//", "/./", "/%2e/", ";/", "/;/"):
        yield f"slash {slash}", f"/{first}{slash}{rest}"
        yield f"climb with {slash}", f"/_matrix/federation{slash}..{slash}..{slash}{tail}"
    for before in ("/", "/.", "\\", "/%2f", "/;", "/%20", "/_matrix/federation", "/_matrix/key"):
        yield f"after {before}", f"{before}{aim}"
    for after in ("/", ";", ";x", "%20", "%00", "%0a", "%0d%0aX:y", "#", "#/x", "%23", ".", "/.."):
        yield f"before {after}", f"{aim}{after}"
    for place in (1, len(first) // 2, len(first)):
        letter = f"%{ord(aim[place]):02x}"
        yield f"a letter encoded at {place}", f"{aim[:place]}{letter}{aim[place + 1 :]}"
        twice = letter.replace("%", "%25")
        yield f"a letter encoded twice at {place}", f"{aim[:place]}{twice}{aim[place + 1 :]}"
    yield "all encoded", "/" + "/".join(_encoded(it) for it in tail.split("/"))
    yield "upper case", aim.upper()
    yield "title case", aim.title()
    yield "wide octets", aim.replace("_", "\u00af")
    yield "query first", f"/?{aim}"
    yield "query climbs", f"{VERSION}?/../../../..{aim}"
    yield "fragment first", f"{VERSION}#{aim}"


def targets(door: Door, aim: str) -> Iterator[tuple[str, str]]:
    """Request targets that are no paths."""
    for scheme in ("http", "https", "HTTP", "ftp", "matrix-federation", "file"):
        for name in (door.names["own"], door.names["client"], "localhost", "a@b", "[::1]", ""):
            yield f"absolute {scheme} {name}", f"{scheme}://{name}{aim}"
    yield "absolute without slashes", f"https:{aim}"
    yield "authority", f"{door.names['own']}:443"
    yield "without a slash", aim[1:]
    yield "nothing", ""


def headers(door: Door, aim: str) -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """What an open request may say besides, to be taken for another one."""
    wanted = aim.encode()
    for name in (b"X-Original-URL", b"X-Rewrite-URL", b"X-Forwarded-Uri", b"X-Forwarded-Path"):
        yield name.decode(), (name + b": " + wanted,)
    for name in (b"X-Forwarded-Prefix", b"X-Override-URL", b"Content-Location", b"Destination"):
        yield name.decode(), (name + b": " + wanted,)


def upon_closed() -> Iterator[tuple[str, tuple[bytes, ...]]]:
    """What a closed request may say besides, to be let by."""
    yield "method override", (b"X-HTTP-Method-Override: GET", b"X-HTTP-Method: GET")
    yield "from here", (b"X-Forwarded-For: 127.0.0.1", b"X-Real-IP: 127.0.0.1")
    yield "forwarded", (b"Forwarded: for=127.0.0.1;host=localhost;proto=https",)
    yield "forwarded host", (b"X-Forwarded-Host: localhost", b"X-Host: localhost")
    yield "h2c", (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMA")
    yield "websocket", (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13")
    yield "hop by hop", (b"Connection: close, X-Forwarded-For, Host",)
    yield "expect", (b"Expect: 100-continue",)
    yield "range", (b"Range: bytes=0-",)
    yield "a token", (b"Authorization: Bearer syt_x", b"Cookie: access_token=syt_x")


def by_target(door: Door, aims: Sequence[str] = AIMS) -> Iterator[Shot]:
    """Every aim in every spelling."""
    for aim in aims:
        for name, target in (*spellings(aim), *targets(door, aim)):
            mark = next_mark()
            octets = request(door, "GET", marked(target, mark), mark=mark)
            is_open = target.startswith(f"{VERSION}?")
            expected = Expected.IF_OPEN if is_open else Expected.NOTHING
            yield _shot(door, aim, name, mark, octets, expected=expected)


def by_header(door: Door, aims: Sequence[str] = AIMS) -> Iterator[Shot]:
    """Every aim with every header that some program heeds."""
    for aim in aims:
        for name, extra in upon_closed():
            mark = next_mark()
            octets = request(door, "GET", marked(aim, mark), *extra, mark=mark)
            yield _shot(door, aim, f"header {name}", mark, octets)
        for name, extra in headers(door, aim):
            mark = next_mark()
            octets = request(door, "GET", marked(VERSION, mark), *extra, mark=mark)
            yield _shot(door, aim, f"header {name}", mark, octets, expected=Expected.IF_OPEN)


def _encoded(text: str) -> str:
    return "".join(f"%{ord(letter):02X}" for letter in text)


def _shot(
    door: Door,
    aim: str,
    name: str,
    mark: str,
    octets: bytes,
    *,
    expected: Expected = Expected.NOTHING,
) -> Shot:
    return Shot(
        mark=mark,
        kind=kind_of(aim),
        name=f"{name}: {aim}",
        door=door,
        octets=octets,
        expected=expected,
        kept=True,
    )
