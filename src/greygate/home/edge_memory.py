"""What home remembers of an edge: the plan it last said it follows, and on which hosts it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from greygate.machine import files
from greygate.machine.files import Owner
from greygate.plan.paths import Paths

FILE = "memory.json"  # beside the edge's key
REMEMBERED = 8  # hosts
FRESH = 86400.0  # seconds for which two hosts at once are spoken of


@dataclass(frozen=True, slots=True)
class Met:
    """A host, in one of its boots, that said it was the edge."""

    host: str
    at: float  # seconds since 1970: when it was met, after another or as the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is remembered of one edge."""

    serial: int = 0
    digest: str = ""
    hosts: tuple[Met, ...] = ()  # in the order in which they were met

    def meeting(self, host: str, now: float) -> Memory:
        """The memory once that host has answered."""
        if self.hosts and self.hosts[-1].host == host:
            return self
        return replace(self, hosts=(*self.hosts, Met(host, now))[-REMEMBERED:])

    def twice(self, now: float) -> bool:
        """Whether two hosts are the edge at once: one came back after another was met.

        A boot that is over never comes back, so a host that moved or was rebooted is none.
        """
        came_back = (
            met.at
            for place, met in enumerate(self.hosts)
            if met.host in {earlier.host for earlier in self.hosts[:place]}
        )
        return any(now - at < FRESH for at in came_back)


def load(paths: Paths, edge: str) -> Memory:
    """What is remembered; nothing where nobody was met, or the file is no longer whole."""
    try:
        return _memory(json.loads(Path(_file(paths, edge)).read_text("utf-8")))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return Memory()


def keep(paths: Paths, edge: str, memory: Memory) -> None:
    """Remember it; the disk is left alone where nothing is new."""
    if memory != load(paths, edge):
        text = json.dumps(asdict(memory))
        files.replace(_file(paths, edge), text.encode(), owner=Owner.ourselves(), mode=0o600)


def forget(paths: Paths, edge: str) -> None:
    Path(_file(paths, edge)).unlink(missing_ok=True)


def _memory(told: Mapping[str, Any]) -> Memory:
    return Memory(
        serial=int(told["serial"]),
        digest=str(told["digest"]),
        hosts=tuple(Met(str(it["host"]), float(it["at"])) for it in told["hosts"]),
    )


def _file(paths: Paths, edge: str) -> PurePosixPath:
    return paths.edge_key(edge).with_name(FILE)
