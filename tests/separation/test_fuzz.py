"""Whatever is put together from pieces that front ends have stumbled over; thousands of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greygate.plan.policy import Outcome
from separation import forged
from separation.framing import LENGTHS
from separation.places import FROM_CLEARNET, FROM_OVERLAY, Place
from separation.shots import Door, Expected, Shot, h2_fields, marked, next_mark

pytestmark = pytest.mark.lab

ROUNDS = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
PIECES = (
    *("/", "//", "/./", "/../", "/..;/", "%2e%2e", "%2F", "%2f", "%5c", "\\", ";", "%00", "%25"),
    *("#", "?", "&", "=", "@", ":", "%", "é", "%0d%0a", "*", "~", "+", "%2B", "!r", "$e"),
    *("_matrix", "federation", "client", "key", "media", "static", "_synapse", "admin", "health"),
    *("v1", "v2", "v3", "r0", "unstable", "version", "versions", "server", "send", "login", "x"),
    *("/_matrix/federation/v1/version", "/_matrix/key/v2/server", "/_matrix/client/versions"),
    *("/_matrix/federation/v1/event/%24a%2Fb", "/_matrix/client/v3/login", "/_synapse/admin/v1/"),
    *("http://twinkle.example", "https://m.twinkle.example", "//localhost", "twinkle.example:443"),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get")
VERSIONS = ("HTTP/1.1", "HTTP/1.0", "HTTP/1.1", "HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "")
HEADERS = (
    *(header for _name, lengths in LENGTHS for header in lengths),
    *(b"Connection: close, Host", b"Connection: Upgrade", b"Upgrade: h2c", b"Expect: 100-continue"),
    *(b"X-Original-URL: /_matrix/client/versions", b"X-Forwarded-For: ::1", b"Host: localhost"),
    *(b"X-HTTP-Method-Override: GET", b"Forwarded: for=localhost", b" folded: y", b"no colon"),
)
SCHEMES = (b"https", b"https", b"http", b"ftp", b"HTTPS", b"")
NAMES = ("own", "own", "own", "edge", "client", "peer", "localhost", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Idea:
    """One request, before it has a door."""

    h2: bool
    method: str
    target: str
    version: str
    host: str
    sni: str
    headers: tuple[bytes, ...]
    scheme: bytes
    inner: str | None  # another request, behind the first one
    proxy: int  # which forged header, where one is said at all

    @property
    def is_plain(self) -> bool:
        usual = (self.version, self.host, self.sni, self.headers, self.inner)
        return not self.h2 and usual == ("HTTP/1.1", "own", "own", (), None)


TARGETS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=7).map("".join)
IDEAS = st.builds(
    Idea,
    h2=st.booleans(),
    method=st.sampled_from(METHODS),
    target=TARGETS,
    version=st.sampled_from(VERSIONS),
    host=st.sampled_from(NAMES),
    sni=st.sampled_from(NAMES),
    headers=st.lists(st.sampled_from(HEADERS), max_size=3).map(tuple),
    scheme=st.sampled_from(SCHEMES),
    inner=st.none() | TARGETS,
    proxy=st.integers(0, 200),
) | st.builds(
    Idea,
    h2=st.just(False),
    method=st.sampled_from(METHODS),
    target=TARGETS,
    version=st.just("HTTP/1.1"),
    host=st.just("own"),
    sni=st.just("own"),
    headers=st.just(()),
    scheme=st.just(b"https"),
    inner=st.none(),
    proxy=st.integers(0, 200),
)
VOLLEYS = st.lists(IDEAS, min_size=1, max_size=6)


@ROUNDS
@given(VOLLEYS)
def test_through_the_edge(outsider: Place, ideas: list[Idea]) -> None:
    four, six = outsider.doors.values()
    shots = [shot for at, it in enumerate(ideas) for shot in _shots(it, six if at % 2 else four)]
    assert outsider.judged(shots) == []


@ROUNDS
@given(VOLLEYS)
def test_from_a_stolen_edge(edge: Place, ideas: list[Idea]) -> None:
    """It says of itself whatever it likes, too."""
    door = edge.doors["ingress"]
    headers = [octets for _name, octets in forged.headers(door.to[0])]

    def said(idea: Idea) -> bytes:
        if idea.is_plain or idea.proxy % 3:
            return forged.honest(f"203.0.113.{idea.proxy}")
        return headers[idea.proxy % len(headers)]

    shots = [shot for it in ideas for shot in _shots(it, replace(door, proxy=said(it)))]
    assert edge.judged(shots) == []


@ROUNDS
@given(VOLLEYS)
def test_over_the_overlay(friend: Place, ideas: list[Idea]) -> None:
    door = friend.doors["overlay"]
    shots = [shot for idea in ideas if not idea.is_plain for shot in _shots(idea, door)]
    assert friend.judged(shots, FROM_OVERLAY) == []


def _shots(idea: Idea, door: Door) -> Sequence[Shot]:
    mark = next_mark()
    names = {**door.names, "localhost": "localhost", "": ""}
    host, target = names[idea.host].encode(), marked(idea.target, mark)
    sni = names[idea.sni] or None
    through = replace(door, sni=sni, alpn=("h2",) if idea.h2 else ("http/1.1",))
    shot = Shot(
        mark=mark,
        kind="other",
        name=repr(idea),
        door=through,
        octets=b"" if idea.h2 else _octets(idea, host, target, mark),
        fields=_fields(idea, through, host, target, mark) if idea.h2 else None,
        method=idea.method,
        target=target,
        expected=_expected(idea, target),
        kept=idea.is_plain and idea.method != "CONNECT",
        lingers=idea.inner is not None,
    )
    return (shot,)


def _expected(idea: Idea, target: str) -> Expected:
    if not idea.is_plain:
        return Expected.IF_OPEN
    decided = FROM_CLEARNET.policy.decide(idea.method, target).outcome
    return Expected.ONCE if decided is Outcome.ANSWERED else Expected.NOTHING


def _octets(idea: Idea, host: bytes, target: str, mark: str) -> bytes:
    agent = b"User-Agent: " + mark.encode()
    first = f"{idea.method} {target} {idea.version}".encode()
    lines = (first, b"Host: " + host, agent, *idea.headers, b"", b"")
    octets = b"\r\n".join(lines)
    if idea.inner is not None:
        second = f"GET {marked(idea.inner, mark)} HTTP/1.1".encode()
        octets += b"0\r\n\r\n" + b"\r\n".join((second, b"Host: " + host, agent, b"", b""))
    return octets


def _fields(
    idea: Idea, door: Door, host: bytes, target: str, mark: str
) -> tuple[tuple[bytes, bytes], ...]:
    fields = h2_fields(door, idea.method, target, mark=mark)
    fields |= {b":scheme": idea.scheme, b":authority": host}
    for header in idea.headers:
        name, _, value = header.partition(b":")
        fields[name.strip().lower()] = value.strip()
    return tuple(fields.items())
