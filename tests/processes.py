"""How pytest-xdist's two processes share the tests, and where each keeps its files.

Everything in the lab's worlds is one after another in one process, so that a world is booted once
and two never contend for the machine; all else is in the other. What starts from bare machines is
shared out file by file, to whoever has done with that.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

IN_WORLDS = ("tests/lab/", "tests/separation/")
ON_BARE_MACHINES = "tests/fresh/"
ON_LOOPBACK = ("tests/separation/test_fronts.py",)  # boots no machine


class Queues(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Two long queues, then short ones; xdist's own would deal out file by file."""

    def _split_scope(self, nodeid: str) -> str:
        return queue_of(nodeid)


def queue_of(nodeid: str) -> str:
    """The queue in which a test waits its turn."""
    if nodeid.startswith(ON_BARE_MACHINES):
        return nodeid.partition("::")[0]
    in_world = nodeid.startswith(IN_WORLDS) and not nodeid.startswith(ON_LOOPBACK)
    return "worlds" if in_world else "rest"


def shorten_paths(config: pytest.Config) -> None:
    """In a worker: `.../0` for `.../popen-gw0`. A unix socket's path has 97 octets in HAProxy."""
    worker: dict[str, str] = getattr(config, "workerinput", {})
    if worker and config.option.basetemp:
        long = Path(config.option.basetemp)
        config.option.basetemp = str(long.with_name(worker["workerid"].removeprefix("gw")))
