"""What /.well-known/matrix/server says (Server-Server API v1.19, "Server discovery")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from greygate.spec.dns import Address
from greygate.spec.moments import http_date, span_of
from greygate.spec.server_name import BadServerName, ServerName
from greygate.text import _, duration

SERVER_PATH = "/.well-known/matrix/server"
OK = 200
LONGEST_DOCUMENT = 50 * 1024  # octets; Synapse and Dendrite read less than that
LONGEST_READ = 256 * 1024  # octets, by anybody: continuwuity

# "The recommended sensible default is 24 hours", "48 hours is recommended" as the most, and errors
# "for up to an hour".
USUALLY_KEPT = timedelta(hours=24)
LONGEST_KEPT = timedelta(hours=48)
FAILURE_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """An HTTP answer, after the redirects that led to it."""

    status: int
    body: bytes  # LONGEST_READ octets of it at most
    kept: timedelta = USUALLY_KEPT  # how long it may be believed, by its own headers
    redirects: tuple[str, ...] = ()  # the addresses of pages that were passed on the way
    address: Address | None = None  # who answered
    failed: tuple[str, ...] = ()  # what was tried before, and how that ended
    seconds: float = 0.0  # until it was whole


@dataclass(frozen=True, slots=True)
class Unfetched:
    """No HTTP answer came, and why."""

    why: str
    failed: tuple[str, ...] = field(default=())
    late: bool = False  # we stopped waiting: who waits longer may get one


WellKnownAnswer = Fetched | Unfetched


@dataclass(frozen=True, slots=True)
class Undelegated:
    """Nothing is delegated: there is no valid document, and why."""

    why: str


def in_time(answer: WellKnownAnswer, patience: float) -> WellKnownAnswer:
    """The answer as it is for somebody who waits no longer than `patience` seconds."""
    if isinstance(answer, Fetched) and answer.seconds > patience:
        why = _("no answer within {time}").format(time=duration(patience))
        return Unfetched(why, answer.failed, late=True)
    return answer


def delegation(answer: WellKnownAnswer) -> ServerName | Undelegated:
    """The delegated server name; any doubt about the document makes it none (step 3)."""
    match stated(answer):
        case Undelegated() as nothing:
            return nothing
        case text:
            try:
                return ServerName.parse(text)
            except BadServerName as problem:
                return Undelegated(_("m.server {text!r}: {why}").format(text=text, why=problem.why))


def stated(answer: WellKnownAnswer, *, longest: int = LONGEST_DOCUMENT) -> str | Undelegated:
    """The text of m.server, whatever it is; the Content-Type does not matter."""
    match answer:
        case Unfetched(why):
            return Undelegated(why)
        case Fetched(status=status) if status != OK:
            return Undelegated(_("HTTP status {status}").format(status=status))
        case Fetched(body=body) if len(body) >= longest:
            return Undelegated(_("it is longer than {most} octets").format(most=longest))
        case _:
            return _m_server(answer.body)


def _m_server(body: bytes) -> str | Undelegated:
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Undelegated(_("it is not JSON"))
    match document:
        case {"m.server": str(text)}:
            return text
        case _other:
            return Undelegated(_("it has no m.server"))


def _no_number(text: str) -> object:
    """NaN and Infinity are Python's own additions to JSON."""
    raise ValueError(text)


def kept_for(headers: Mapping[str, str], *, now: datetime) -> timedelta:
    """How long an answer may be believed (RFC 9111 section 5.2.2), within the recommendations."""
    directives = dict(_directives(headers.get("cache-control", "")))
    if "no-store" in directives or "no-cache" in directives:
        return timedelta(0)
    age = span_of(directives.get("max-age", ""))
    if age is not None:
        return min(age, LONGEST_KEPT)
    if "expires" not in headers:
        return USUALLY_KEPT
    # What is no date, the value 0 above all, is over already (RFC 9111 section 5.3).
    expiry = http_date(headers["expires"]) or now
    return max(timedelta(0), min(expiry - now, LONGEST_KEPT))


def _directives(text: str) -> list[tuple[str, str]]:
    pairs = (each.strip().partition("=") for each in text.split(","))
    return [(name.strip().lower(), value.strip().strip('"')) for name, _equals, value in pairs]
