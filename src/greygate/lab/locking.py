"""One at a time: a file lock that the kernel lets go of with whoever held it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greygate.machine import file_lock
from greygate.progress import Progress
from greygate.text import _


@contextmanager
def locked(path: Path, *, progress: Progress) -> Iterator[None]:
    """Hold the lock for the block; says so where somebody else holds it, and waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with file_lock.locked(path, progress, waiting=_("waiting for another `greygate lab`")):
        yield
