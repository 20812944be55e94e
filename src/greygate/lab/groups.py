"""The lab's control groups: the kernel's own list of what runs in a host, right after any crash."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")


def hierarchies() -> tuple[Path, ...]:
    """The trees that systemd in a host sorts its units by: in hybrid mode several, else one.

    The one for memory is among them, so that a host that is let write there can limit its units.
    """
    hybrid = tuple(
        MOUNT / name
        for name in ("systemd", "unified", "memory")
        if (MOUNT / name / "cgroup.procs").exists()
    )
    return hybrid or (MOUNT,)


def make(group: str) -> tuple[Path, ...]:
    """Make the group in every tree; the files that a process writes itself into to join."""
    for tree in hierarchies():
        (tree / group).mkdir(parents=True, exist_ok=True)
    return tuple(tree / group / "cgroup.procs" for tree in hierarchies())


def members(group: str) -> tuple[int, ...]:
    """Every process in the group and below it."""
    return tuple(dict.fromkeys(pid for tree in hierarchies() for pid in _below(tree / group)))


def init_of(group: str) -> int | None:
    """The process in the very group that is number 1 in a PID namespace of its own."""
    for tree in hierarchies():
        for pid in _listed(tree / group):
            if _number_inside(pid) == "1":
                return pid
    return None


def kill(group: str, *, within: float) -> bool:
    """Kill everything in the group; True when nothing of it is left in time."""
    ends_at = time.monotonic() + within
    while left := members(group):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > ends_at:
            return False
        time.sleep(0.02)
    return True


def remove(group: str) -> None:
    """Remove the group, which must be empty, from every tree."""
    for tree in hierarchies():
        for path in sorted((tree / group).rglob("*/"), reverse=True):
            with suppress(OSError):
                path.rmdir()
        with suppress(OSError):
            (tree / group).rmdir()


def _below(top: Path) -> Iterator[int]:
    for path in (top, *top.rglob("*/")):
        yield from _listed(path)


def _listed(group: Path) -> list[int]:
    try:
        return [int(line) for line in (group / "cgroup.procs").read_text().split()]
    except OSError:  # gone meanwhile
        return []


def _number_inside(pid: int) -> str:
    """What the process is called in the innermost PID namespace it is in."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
    return next(line.split()[-1] for line in status.splitlines() if line.startswith("NSpid:"))


def children(group: str) -> tuple[str, ...]:
    """The names of the groups right below this one."""
    found = {path.name for tree in hierarchies() for path in (tree / group).glob("*/")}
    return tuple(sorted(found))
