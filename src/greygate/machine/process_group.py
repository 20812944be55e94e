"""Programs that start programs: all of them end together, with us too, however we end.

A child that is tied to us by setpriv takes none of its own children along, as the kernel forgets
the death signal at each fork. So each has a session of its own, led by a shell that ends all of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

# The kernel sends TERM when we have ended; PPID shows whether that was before it knew of it.
_LEADER = (
    "trap 'trap - TERM; kill -s KILL 0' TERM; "
    '[ "$PPID" = "$1" ] || exit 143; shift; "$@" </dev/null & wait "$!"'
)
GOING = 5.0  # seconds that the kernel may take to end what was killed
PAUSE = 0.01


@contextmanager
def started(
    argv: Sequence[str], *, environ: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """The program, what it says in one stream; at the end of the block none of its kind is left."""
    leader = ("setpriv", "--pdeathsig", "TERM", "--", "/bin/sh", "-c", _LEADER, "sh")
    with subprocess.Popen(
        (*leader, str(os.getpid()), *argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environ,
        start_new_session=True,
    ) as process:
        following = threading.Thread(target=_follow, args=(process.pid,), daemon=True)
        following.start()
        try:
            yield process
            following.join()
        finally:
            _end(process, following)


def run(
    argv: Sequence[str], *, environ: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the program to its end, and see all of its kind gone."""
    with started(argv, environ=environ) as process:
        assert process.stdout is not None, "it was asked for"
        said = process.stdout.read()
    return subprocess.CompletedProcess(argv, process.returncode, said)


def _follow(pid: int) -> None:
    """End what the program left behind, which may also keep its output open.

    The leader stays in the table until then: its number is the group's.
    """
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _end(process: subprocess.Popen[Any], following: threading.Thread) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    following.join()
    process.wait()
    until = time.monotonic() + GOING
    with suppress(ProcessLookupError, PermissionError):
        while time.monotonic() < until:
            os.killpg(process.pid, 0)
            time.sleep(PAUSE)
