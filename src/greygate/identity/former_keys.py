"""The keys that an edge had before it moved: each is followed until a moment that is written down.

Home needs no more of them than the public half, as nothing is told to a host that was left.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from greygate.machine.files import Owner, replace
from greygate.plan.paths import Paths

FILE = "former.json"  # beside the edge's key
REMEMBERED = 8  # hosts


@dataclass(frozen=True, slots=True)
class FormerKey:
    """A host that an edge has left."""

    key: str  # public, hexadecimal
    label: str  # by which its node is asked for
    addresses: tuple[str, ...]
    until: int  # seconds since 1970


def load(paths: Paths, edge: str) -> tuple[FormerKey, ...]:
    """Those that are remembered, barred ones too; the latest first."""
    try:
        told: list[dict[str, Any]] = json.loads(Path(_file(paths, edge)).read_bytes())
        return tuple(_read(told))
    except (FileNotFoundError, PermissionError, ValueError, KeyError, TypeError):
        return ()


def add(paths: Paths, edge: str, left: FormerKey) -> None:
    """Remember one more."""
    known = (left, *(it for it in load(paths, edge) if it.key != left.key))[:REMEMBERED]
    text = json.dumps([asdict(it) for it in known])
    replace(_file(paths, edge), text.encode(), owner=Owner.ourselves(), mode=0o600)


def bar(paths: Paths, edge: str) -> None:
    """None of them is followed any more."""
    Path(_file(paths, edge)).unlink(missing_ok=True)


def _read(told: Iterable[dict[str, Any]]) -> Iterator[FormerKey]:
    for it in told:
        addresses = tuple(map(str, it["addresses"]))
        yield FormerKey(str(it["key"]), str(it["label"]), addresses, int(it["until"]))


def _file(paths: Paths, edge: str) -> PurePosixPath:
    return paths.edge_key(edge).with_name(FILE)
