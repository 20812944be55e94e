"""One `up` at a time for a state directory."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePath

import psutil

from greygate.apply.directories import PASSED
from greygate.errors import Trouble
from greygate.machine.file_lock import locked
from greygate.machine.files import directory
from greygate.plan.paths import Paths
from greygate.progress import Progress
from greygate.run.rpc import Supervisor
from greygate.text import _

PARTING = 60.0  # seconds that the other may take to end; its services have 45
PAUSE = 0.05


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


@contextmanager
def changing(paths: Paths, progress: Progress) -> Iterator[None]:
    """Nobody else brings anything into force here until the block ends; waits, and says so.

    An `up` that watches holds the other lock, and not this one.
    """
    state = directory(paths.state, mode=PASSED)
    waiting = _("waiting for another greygate, which changes this server")
    with locked(state / ".changing", progress, waiting=waiting):
        yield


def running(paths: Paths) -> bool:
    """Whether an `up` is at work here, or has left its services running."""
    return Supervisor(paths.supervisor / "sock").answers() or taken(paths)


def taken(paths: Paths) -> bool:
    """Whether another greygate is at work here; never waits."""
    try:  # for reading: it also is to be told where the disk has become read-only
        descriptor = os.open(paths.state / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def end_holder(paths: Paths) -> bool:
    """Have the greygate that is at work here end, and wait for it; False where none is."""
    if not taken(paths):
        return False
    deadline = time.monotonic() + PARTING
    for process in _holders(paths.state / "lock"):
        process.terminate()
    while taken(paths):
        if time.monotonic() > deadline:
            raise Trouble(
                _("cannot stop the greygate that is at work in {state}").format(state=paths.state),
                _("see whose it is: fuser -v {lock}").format(lock=paths.state / "lock"),
            )
        time.sleep(PAUSE)
    return True


def _holders(lock: PurePath) -> Iterator[psutil.Process]:
    """The processes that the kernel names as holders of the lock, as proc(5) tells it."""
    number = str(os.stat(lock).st_ino)
    for line in Path("/proc/locks").read_text("ascii").splitlines():
        words = line.split()  # 1: FLOCK  ADVISORY  WRITE 812 fe:00:1234 0 EOF
        if words[1:4:2] == ["FLOCK", "WRITE"] and words[5].rpartition(":")[2] == number:
            with suppress(psutil.Error):
                holder = psutil.Process(int(words[4]))
                # Inodes of another file system may have the same number.
                if str(lock) in (file.path for file in holder.open_files()):
                    yield holder


def _open(paths: Paths) -> int:
    return os.open(paths.state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
