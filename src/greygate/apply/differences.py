"""Wanted against seen: what would change below `rendered/`, as values and as text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

Texts = Mapping[PurePosixPath, str]


@dataclass(frozen=True, slots=True)
class Create:
    """A file that is not there yet."""

    path: PurePosixPath
    text: str


@dataclass(frozen=True, slots=True)
class Replace:
    """A file whose text becomes another."""

    path: PurePosixPath
    before: str
    text: str


@dataclass(frozen=True, slots=True)
class Delete:
    """A file that the site no longer wants."""

    path: PurePosixPath
    before: str


Change = Create | Replace | Delete


def changes_between(seen: Texts, wanted: Texts) -> tuple[Change, ...]:
    """What makes `seen` into `wanted`, in the order of the paths."""
    return tuple(
        change
        for path in sorted({*seen, *wanted})
        if (change := _change(path, seen.get(path), wanted.get(path))) is not None
    )


def difference(change: Change) -> str:
    """The change as a unified diff; its lines end as those of the files do."""
    match change:
        case Create(path, text):
            before, after = "", text
        case Replace(path, before, text):
            after = text
        case Delete(path, before):
            after = ""
    import difflib  # slow to import, and seldom needed

    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        fromfile="/dev/null" if isinstance(change, Create) else f"a/{path}",
        tofile="/dev/null" if isinstance(change, Delete) else f"b/{path}",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def edited(seen: Texts, digests: Mapping[PurePosixPath, str]) -> tuple[PurePosixPath, ...]:
    """The files that are not as we wrote them: somebody else's words are in them."""
    return tuple(path for path in sorted(seen) if digests.get(path) != digest(seen[path]))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _change(path: PurePosixPath, before: str | None, after: str | None) -> Change | None:
    match before, after:
        case None, str(text):
            return Create(path, text)
        case str(old), None:
            return Delete(path, old)
        case str(old), str(new) if old != new:
            return Replace(path, old, new)
        case _:
            return None
