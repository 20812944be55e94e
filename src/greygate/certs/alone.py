"""One order at a time for a state directory: the timer's and the operator's wait for each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from greygate.identity import keys
from greygate.machine.file_lock import locked
from greygate.machine.files import directory
from greygate.plan.paths import Paths
from greygate.progress import Progress
from greygate.text import _


@contextmanager
def alone(paths: Paths, progress: Progress) -> Iterator[None]:
    """Nobody else orders here until the block ends."""
    directory(paths.certificates, mode=keys.TRAVERSED)
    directory(paths.acme, mode=0o700)
    waiting = _("waiting for another greygate, which is ordering here")
    with locked(paths.acme / "lock", progress, waiting=waiting):
        yield
