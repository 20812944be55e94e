"""What an edge tells of itself: a value, and its form as JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from greygate.text import visible

LONGEST = 128  # letters of a word; a digest has 64


@dataclass(frozen=True, slots=True)
class ServiceTold:
    """One service of the edge; `since` (seconds since 1970) where it runs."""

    name: str
    since: float | None


@dataclass(frozen=True, slots=True)
class PortTold:
    """One public port that the edge should listen on."""

    port: int
    listens: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeState:
    """An edge as it was at one moment, by its own account."""

    serial: int  # of the plan it follows
    digest: str
    version: str  # of Greygate
    versions: Mapping[str, str]  # of the programs it runs, and of its Debian
    host: str  # differs between any two machines, and between two boots of one
    at: float  # its clock, seconds since 1970
    booted: float
    free: int  # octets on the disk that holds its state
    links: int  # home's peerings as its HAProxy sees them
    services: tuple[ServiceTold, ...]
    ports: tuple[PortTold, ...]


def told(state: EdgeState) -> dict[str, Any]:
    return asdict(state)


def read(told: Mapping[str, Any]) -> EdgeState:
    """The state that a JSON object tells; ValueError where it tells none."""
    try:
        return EdgeState(
            serial=int(told["serial"]),
            digest=_word(told["digest"]),
            version=_word(told["version"]),
            versions={_word(name): _word(value) for name, value in told["versions"].items()},
            host=_word(told["host"]),
            at=_moment(told["at"]),
            booted=_moment(told["booted"]),
            free=int(told["free"]),
            links=int(told["links"]),
            services=tuple(_service(it) for it in told["services"]),
            ports=tuple(PortTold(int(it["port"]), bool(it["listens"])) for it in told["ports"]),
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as problem:
        raise ValueError(f"no state: {problem}") from problem


def _service(told: Mapping[str, Any]) -> ServiceTold:
    since = told["since"]
    return ServiceTold(_word(told["name"]), None if since is None else _moment(since))


def _word(told: object) -> str:
    """Another host's words: they come to a terminal of ours."""
    return visible(str(told))[:LONGEST]


def _moment(told: Any) -> float:
    if not math.isfinite(seconds := float(told)):
        raise ValueError("no moment")
    return seconds
