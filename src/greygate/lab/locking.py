"""One at a time: a file lock that the kernel lets go of with whoever held it."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greygate.progress import Progress
from greygate.text import _


@contextmanager
def locked(path: Path, *, progress: Progress) -> Iterator[None]:
    """Hold the lock for the block; says so where somebody else holds it, and waits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step(_("waiting for another `greygate lab`")):
                fcntl.flock(stream, fcntl.LOCK_EX)
        yield
