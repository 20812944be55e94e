"""The whole table as shots: every endpoint with every method, whatever a rule makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from greygate.plan.policy import Endpoint, Opens, endpoints
from separation.shots import Door, Expected, Shot, plain

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
CHANGING = ("POST", "PUT", "PATCH", "DELETE")
NAME = "twinkle.example"

# Everything that identifiers may hold, spelled as servers spell it; the same in every run.
VALUES: tuple[Mapping[str, str], ...] = (
    {
        "roomId": "%21pZ4k9nQ%3Atwinkle.example",
        "eventId": "%24ab%2Fcd%2Bef%21%23",
        "userId": "%40anna%3Atwinkle.example",
        "keyId": "ed25519%3Aa_x",
        "serverName": NAME,
    },
    {  # unencoded where RFC 3986 allows it, and a room without a domain (version 12)
        "roomId": "!pZ4k9nQ_no+domain",
        "eventId": "$ab+cd-ef_gh~",
        "userId": "@anna.b=c:twinkle.example",
        "txnId": "1732500000000!$&'()*+,=:@",
        "keyId": "ed25519:a_x",
        "serverName": NAME,
    },
    {  # lower-case hexadecimals, octets beyond ASCII, an encoded per cent
        "roomId": "%21%c3%a9%e2%82%ac%3atwinkle.example",
        "eventId": "%24ab%2fcd%2b%25",
        "userId": "%40%c3%a9%3atwinkle.example",
        "txnId": "%2F%2f%2B%21%23%24%20",
        "keyId": "",
        "serverName": NAME,
    },
)

# What really is below the rows that end in "*": Synapse answers these.
BELOW = (
    "/_synapse/admin/v1/server_version",
    "/_synapse/admin/v1/register",
    "/_synapse/admin/v1/rooms",
    "/_synapse/admin/v2/users",
    "/_synapse/admin/v2/users/%40anna%3Atwinkle.example",
    "/_synapse/admin/v1/media/twinkle.example/x/delete",
    "/_synapse/client/pick_username/check",
    "/_matrix/static/client/login/",
    "/_matrix/client/r0/login",
    "/_matrix/client/api/v1/login",
    "/_matrix/client/unstable/org.matrix.msc2965/auth_issuer",
    "/_matrix/client/v3/pushrules/global/override/.m.rule.master/enabled",
)

_BLANK = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Way:
    """What a door is for, as the table and nothing else has it."""

    prefixes: tuple[str, ...] = ()  # what people may ask there
    answered: tuple[str, ...] = ()  # what the door says itself

    def forwards(self, method: str, path: str) -> bool:
        """Whether Synapse is to see it."""
        if (method, path) in _open():
            return True
        if method in ("POST", "PUT") and _UPLOAD.match(path):
            return False  # without a token, as all shots are
        if method in ("GET", "HEAD") and _ELSEWHERE.match(path):
            return False
        return method in ("GET", "HEAD", "POST", "PUT", "DELETE") and path.startswith(self.prefixes)


FEDERATION_ONLY = Way()
PEOPLE = Way(prefixes=("/_matrix/client/", "/_matrix/media/", "/_synapse/client/"))


def paths(endpoint: Endpoint, values: Mapping[str, str] = VALUES[0]) -> tuple[str, ...]:
    """The paths of one row; some rows list several, or all below one."""
    parts = re.sub(r" \([^)]*\)", "", endpoint.path).split(", ")
    beside = parts[0].rpartition("/")[0]
    whole = (part if part.startswith("/") else f"{beside}/{part}" for part in parts)
    return tuple(it for path in whole for it in _spelled(path, values))


def rows() -> Iterator[tuple[str, str]]:
    """Every path of the table, once, and what it belongs to."""
    listed = (path for endpoint in endpoints() for path in paths(endpoint))
    for path in dict.fromkeys((*listed, *BELOW)):
        yield path, kind_of(path)


def shots(door: Door, way: Way) -> Iterator[Shot]:
    """Every path with every method."""
    for path, kind in rows():
        for method in METHODS:
            forwarded = way.forwards(method, path)
            yield plain(
                door,
                method,
                path,
                kind=kind if not forwarded else "must",
                name=f"{method} {path}",
                expected=Expected.ONCE if forwarded else Expected.NOTHING,
            )


def kind_of(path: str) -> str:
    """What somebody who asks for it is after."""
    for start, kind in (
        ("/_matrix/client", "client"),
        ("/_synapse/client", "client"),
        ("/_synapse", "admin"),
        ("/_matrix/media", "media"),
    ):
        if path.startswith(start):
            return kind
    return "other"


def open_rows(values: Mapping[str, str]) -> Iterator[tuple[Endpoint, str]]:
    """What federation must or may have, with these identifiers."""
    for endpoint in endpoints():
        if endpoint.opens is Opens.ALWAYS:
            yield endpoint, _BLANK.sub(lambda it: values.get(it[1], "v1"), endpoint.path)


def _open() -> frozenset[tuple[str, str]]:
    return _OPEN


def _spelled(path: str, values: Mapping[str, str]) -> Iterator[str]:
    """One path of a row, with its choices and blanks filled; none where it is no path."""
    if not re.fullmatch(r"/\S*", path):
        return
    if choice := re.search(r"\{([^}]*,[^}]*)\}", path):
        for one in choice[1].split(","):
            yield from _spelled(path.replace(choice[0], one), values)
        return
    yield _BLANK.sub(lambda it: values.get(it[1], "v1"), path).replace("*", "x")


_ELSEWHERE = re.compile(
    r"/_matrix/client/([^/]+|api/v1)/(directory/room|room_summary|im[.]nheko[.]summary)/"
)
_UPLOAD = re.compile(r"/_matrix/media/[^/]+/upload(/|$)")
_OPEN = frozenset((row.method, path) for row, path in open_rows(VALUES[0]))
