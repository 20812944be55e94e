"""What a service is doing: the value that every runner tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from greygate.components.component import Service, Task, Unit
from greygate.text import complaint, visible

WORDS = 16  # last lines of its own log that a failed service is judged by
TOLD = 2  # as many of them as a person will read, where it is not clear which matter
_NOISE = re.compile(r"^\[[A-Z]+\] +\(\d+\) : ")  # HAProxy's: level and process


class Condition(Enum):
    """Where a service is in its life."""

    UP = "up"
    STARTING = "starting"
    STOPPING = "stopping"
    DOWN = "down"  # nobody asked it to run
    FAILED = "failed"  # it ended by itself, and may be tried again


@dataclass(frozen=True, slots=True)
class Memory:
    """What a service's processes hold; `shared_out` (PSS) where we may look, else resident."""

    octets: int
    shared_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a service's program ended last, in systemd's words (systemd.service(5), Result)."""

    result: str  # exit-code, signal, oom-kill
    status: int  # the number of the exit code or of the signal; below 1 where nobody knows it
    ago: float  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One service as its runner sees it."""

    name: str
    condition: Condition
    pid: int | None = None
    since: float | None = None  # seconds since 1970
    began: float | None = None  # the same, of its program: before it was ready
    memory: Memory | None = None
    words: tuple[str, ...] = ()  # its own last lines, where it failed
    end: End | None = None  # of its last run, where it failed, or did a short while ago
    overrides: tuple[str, ...] = ()  # files in which somebody else changed its unit


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a service's log."""

    service: str
    text: str


def telling(words: tuple[str, ...]) -> str:
    """What a failed service said, without what it says at every start, each thing once."""
    if whole := complaint(words):
        return " / ".join(visible(word).strip() for word in whole if word.strip())
    said = [
        visible(_NOISE.sub("", word)).strip() for word in words if not word.startswith("[NOTICE]")
    ]
    if panic := next((word for word in said if word.startswith("panic: ")), None):
        return panic  # what follows is where in a Go program
    return " / ".join([word for word in dict.fromkeys(said) if word][-TOLD:])


def in_order(units: tuple[Unit, ...]) -> tuple[Unit, ...]:
    """The units, each behind those of `units` that it names in `after`; else as they came."""
    waiting, placed = list(units), list[Unit]()
    while waiting:
        blocked = {unit.name for unit in waiting}
        ready = next((unit for unit in waiting if blocked.isdisjoint(unit.after)), None)
        assert ready is not None, f"units wait for each other: {sorted(blocked)}"
        waiting.remove(ready)
        placed.append(ready)
    return tuple(placed)


def services_of(units: tuple[Unit, ...]) -> tuple[Service, ...]:
    """The services among the units, in the order in which they start."""
    return tuple(unit for unit in in_order(units) if isinstance(unit, Service))


def tasks_of(units: tuple[Unit, ...]) -> tuple[Task, ...]:
    """The tasks among the units, in the order in which they are done."""
    return tuple(unit for unit in in_order(units) if isinstance(unit, Task))
