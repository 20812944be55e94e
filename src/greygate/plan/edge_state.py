"""What an edge tells of itself: a value, and its form as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from greygate.plan.barriers import Barrier, from_json, to_json
from greygate.text import visible

LONGEST = 128  # letters of a word; a digest has 64
MOST = 16  # services, ports, versions
LARGEST = 1 << 53  # as far as JSON counts
LATEST = float(1 << 40)  # seconds since 1970
SERVICES = ("haproxy", "yggdrasil", "knot")  # what an edge of ours can have


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
    barriers: tuple[Barrier, ...] | None = None  # None: its firewall is not known
    enabled: bool | None = None  # its services start at the next boot; None: nobody said
    takes_orders: bool | None = None  # root's half listens; None: nobody said


def told(state: EdgeState) -> dict[str, Any]:
    found = state.barriers
    return {**asdict(state), "barriers": None if found is None else [*map(to_json, found)]}


def read(told: Mapping[str, Any]) -> EdgeState:
    """The state that a JSON object tells; ValueError where it tells none."""
    try:
        return EdgeState(
            serial=_count(told, "serial"),
            digest=_word(told["digest"]),
            version=_word(told["version"]),
            versions={
                _word(name): _word(it) for name, it in _few(told["versions"].items(), "versions")
            },
            host=_word(told["host"]),
            at=_moment(told, "at"),
            booted=_moment(told, "booted"),
            free=_count(told, "free"),
            links=_count(told, "links"),
            services=tuple(_service(it) for it in _few(told["services"], "services")),
            ports=tuple(
                PortTold(_count(it, "port", below=65536), bool(it["listens"]))
                for it in _few(told["ports"], "ports")
            ),
            barriers=_barriers(told.get("barriers")),
            enabled=_maybe(told, "enabled"),
            takes_orders=_maybe(told, "takes_orders"),
        )
    except KeyError as problem:
        raise ValueError(f"no state: {problem.args[0]} is missing") from problem
    except (TypeError, AttributeError, OverflowError) as problem:
        raise ValueError(f"no state: {problem}") from problem


def _barriers(told: Any) -> tuple[Barrier, ...] | None:
    return None if told is None else tuple(map(from_json, _few(told, "barriers")))


def _maybe(told: Mapping[str, Any], key: str) -> bool | None:
    """What an edge of an earlier version does not tell."""
    return None if told.get(key) is None else bool(told[key])


def _service(told: Mapping[str, Any]) -> ServiceTold:
    name = told["name"]
    if name not in SERVICES:  # it comes into commands that are to be typed
        raise ValueError("no service of an edge")
    return ServiceTold(name, None if told["since"] is None else _moment(told, "since"))


def _word(told: object) -> str:
    """Another host's words: they come to a terminal of ours."""
    return visible(str(told))[:LONGEST]


def _few(told: Iterable[Any], key: str) -> tuple[Any, ...]:
    several = tuple(told)
    if len(several) > MOST:
        raise ValueError(f"too many {key}")
    return several


def _count(told: Mapping[str, Any], key: str, *, below: int = LARGEST) -> int:
    number = told[key]
    if type(number) is not int or not 0 <= number < below:
        raise ValueError(f"{key} is no count")
    return number


def _moment(told: Mapping[str, Any], key: str) -> float:
    seconds = told[key]
    if type(seconds) not in (int, float) or not 0.0 <= seconds < LATEST:
        raise ValueError(f"{key} is no moment")
    return float(seconds)
