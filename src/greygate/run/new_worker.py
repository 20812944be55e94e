"""Whether a reload of HAProxy took: where its new worker does not come up, the old one goes on with
the old configuration, and neither systemctl nor the master's exit code tells.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import psutil

from greygate.errors import CannotApply
from greygate.run.state import telling
from greygate.text import _

WITHIN = 15.0  # seconds; 0.1 measured
STEADY = 0.5  # seconds that it must live: from 3.1 on it reads its configuration itself
UNSEEN = 3.0  # seconds in which the master says that it failed
PAUSE = 0.05

Worker = tuple[int, float]  # a process and when it began: numbers are used again


def workers_of(master: int) -> frozenset[Worker] | None:
    """The master's processes; None where it has gone, or hides from us."""
    try:
        return frozenset((it.pid, it.create_time()) for it in psutil.Process(master).children())
    except psutil.Error:
        return None


def comes_up(master: int, before: frozenset[Worker] | None, *, refused: Callable[[], bool]) -> bool:
    """Wait for a worker that was not there before; `refused`: the master says that none comes.

    Of a master that cannot be seen, as by the hourly look in its sandbox, only that counts.
    """
    if before is None:
        return not _within(UNSEEN, refused)
    ends_at = time.monotonic() + WITHIN
    while not refused() and time.monotonic() < ends_at:
        if fresh := (workers_of(master) or frozenset()) - before:
            time.sleep(STEADY)
            if fresh & (workers_of(master) or frozenset()):
                return not refused()
        time.sleep(PAUSE)
    return False


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    ends_at = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < ends_at:
        time.sleep(PAUSE)
    return held


class OldWorkerGoesOn(CannotApply):
    """A service took a reload and goes on as it was."""


def refusal(name: str, words: tuple[str, ...]) -> OldWorkerGoesOn:
    """That the new worker did not come up, with what it said."""
    return OldWorkerGoesOn(
        _("cannot reload {name}: its new worker did not come up, it says: {words}").format(
            name=name, words=telling(words) or _("nothing")
        ),
        _("the old one goes on as before; read more: greygate logs {name}").format(name=name),
    )
