"""One at a time: a file lock that the kernel lets go of with whoever held it, after kill -9 too.

No child inherits one (the descriptor is closed on exec): it would outlive us with the child.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path, PurePath
from threading import get_ident

from greygate.progress import Progress

_ours: set[tuple[int, str]] = set()  # held by a thread of ours, which does not wait for itself


@contextmanager
def locked(
    path: PurePath, progress: Progress | None = None, *, waiting: str = ""
) -> Iterator[None]:
    """Hold the lock for the block; where somebody else has it, wait, and say so by `waiting`."""
    ours = (get_ident(), os.path.realpath(path))
    if ours in _ours:
        yield
        return
    descriptor = os.open(Path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step(waiting) if progress else nullcontext():
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        _ours.add(ours)
        yield
    finally:
        _ours.discard(ours)
        os.close(descriptor)
