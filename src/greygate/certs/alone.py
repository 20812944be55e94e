"""One order at a time for a state directory: the timer's and the operator's wait for each other."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from greygate.identity import keys
from greygate.machine.files import directory
from greygate.plan.paths import Paths
from greygate.progress import Progress
from greygate.text import _


@contextmanager
def alone(paths: Paths, progress: Progress) -> Iterator[None]:
    """Nobody else orders here until the block ends."""
    directory(paths.certificates, mode=keys.TRAVERSED)
    directory(paths.acme, mode=0o700)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(paths.acme / "lock", flags, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step(_("waiting for another greygate, which is ordering here")):
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # the kernel lets go of the lock, after kill -9 too
