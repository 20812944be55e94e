"""One `up` at a time for a state directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from greygate.apply.directories import PASSED
from greygate.errors import Trouble
from greygate.machine.files import directory
from greygate.plan.paths import Paths
from greygate.run.rpc import Supervisor
from greygate.text import _


@contextmanager
def held(paths: Paths) -> Iterator[None]:
    """The deployment is ours until the block ends; Trouble where another process has it."""
    directory(paths.state, mode=PASSED)
    descriptor = _open(paths)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as taken:
            raise Trouble(
                _("cannot go on: another greygate is at work in {state}").format(state=paths.state),
                _("wait until it is done, or stop it: greygate down"),
            ) from taken
        yield
    finally:
        os.close(descriptor)  # the kernel lets go of the lock, after kill -9 too


def running(paths: Paths) -> bool:
    """Whether an `up` is at work here, or has left its services running."""
    return Supervisor(paths.supervisor / "sock").answers() or taken(paths)


def taken(paths: Paths) -> bool:
    """Whether another greygate is at work here; never waits."""
    if not Path(paths.state).is_dir():
        return False
    descriptor = _open(paths)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _open(paths: Paths) -> int:
    return os.open(paths.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
