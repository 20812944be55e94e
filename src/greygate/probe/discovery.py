"""Server discovery in the real world: each question is asked once, and each answer kept."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

import httpx

from greygate.probe.dns import Place, Resolver
from greygate.probe.well_known import Fetcher
from greygate.spec.delegation import WellKnownAnswer
from greygate.spec.dialects import Dialect
from greygate.spec.discovery import (
    Answer,
    FetchWellKnown,
    LookUpAddresses,
    LookUpSrv,
    NoRoute,
    Question,
    Route,
    found,
)
from greygate.spec.dns import AddressAnswer, SrvAnswer
from greygate.spec.server_name import ServerName


class Eyes(Protocol):
    """What can be seen of the world: the real one, or a table."""

    def well_known(self, host: str) -> WellKnownAnswer: ...

    def services(self, name: str) -> SrvAnswer: ...

    def addresses(self, host: str) -> AddressAnswer: ...


class Network:
    """The real world, by one resolver."""

    def __init__(self, resolver: Resolver, *, trust: ssl.SSLContext, port: int = 443) -> None:
        self._fetcher = Fetcher(
            addresses=resolver.addresses, trust=trust, now=lambda: datetime.now(UTC), port=port
        )
        self.services = resolver.services
        self.addresses = resolver.addresses
        self.well_known = self._fetcher.fetch


def network(place: Place | None) -> Network:
    """The world as this machine sees it, with the certificate authorities that it trusts."""
    trust = httpx.create_ssl_context()  # the public ones; a bare Debian knows none
    trust.load_default_certs()  # and those that were added to this machine
    return Network(Resolver(place), trust=trust)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question, its answer, and how long that took."""

    question: Question
    answer: Answer
    seconds: float


@dataclass(frozen=True, slots=True)
class Discovery:
    """Where one dialect leads, and all that it asked on the way."""

    dialect: Dialect
    found: Route | NoRoute
    trace: tuple[Asked, ...]


class Inquiry:
    """Asks the world; what was asked before is remembered."""

    def __init__(self, eyes: Eyes, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._eyes = eyes
        self._clock = clock
        self._known: dict[Question, Asked] = {}

    def discover(self, name: ServerName, dialect: Dialect) -> Discovery:
        """Resolve a server name in a dialect."""
        trace: list[Asked] = []

        def answer(question: Question) -> Answer:
            known = self._asked(question)
            trace.append(Asked(question, known.answer, known.seconds))
            return known.answer

        route = found(dialect.route_to(name), answer)
        return Discovery(dialect, route, tuple(trace))

    def _asked(self, question: Question) -> Asked:
        if question not in self._known:
            began = self._clock()
            answer = self._seen(question)
            self._known[question] = Asked(question, answer, self._clock() - began)
        return self._known[question]

    def _seen(self, question: Question) -> Answer:
        match question:
            case FetchWellKnown(host=host):
                return self._eyes.well_known(host)
            case LookUpSrv(name=name):
                return self._eyes.services(name)
            case LookUpAddresses(host=host):
                return self._eyes.addresses(host)
