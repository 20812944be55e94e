"""How much of the machine each unit may have, so that one that runs wild ends alone."""

from __future__ import annotations

from collections.abc import Iterator

from greygate.components.component import LAST, MIB, MemoryNeed

# Of what it may have; above this the kernel takes back caches first and slows the unit down: time
# for garbage collection, and for whoever watches.
HIGH = 0.9
# Threads and processes. Synapse has some 60, HAProxy three for each reload that still has old
# connections; the usual limit of systemd is thousands.
TASKS = 256
# Settings that a running unit takes up by `systemctl daemon-reload` alone.
LIVE = ("MemoryHigh=", "MemoryMax=", "TasksMax=")


def limits(need: MemoryNeed, oom_score: int, machine: int) -> Iterator[str]:
    """The lines of a unit on a machine that has `machine` octets of memory."""
    most = need.most_on(machine)
    yield f"MemoryHigh={int(most * HIGH) // MIB}M"
    yield f"MemoryMax={most // MIB}M"
    yield f"TasksMax={TASKS}"
    # Never below 0, where sshd (-1000) and journald (-250) are: whoever mends it must get in.
    yield f"OOMScoreAdjust={oom_score}"
    if oom_score == LAST:  # what systemd-oomd ends under pressure, where it runs
        yield "ManagedOOMPreference=avoid"
    yield "OOMPolicy=kill"  # as a whole: half a service is none, and it is started again at once


def same_but_for_limits(before: str, after: str) -> bool:
    """Whether two texts of a unit differ in nothing but what it takes up as it runs."""
    return _without_limits(before) == _without_limits(after)


def _without_limits(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(LIVE)]
