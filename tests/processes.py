"""How pytest-xdist's three processes share the tests, and where each keeps its files.

What runs in a sealed world that others share is one after another in one process, so that it is
booted once; so is what may want the same ports of this machine. The rest is shared out to whoever
is free: worlds of their own, what starts from bare machines, and what is shut off from all else. A
test mostly waits for a program: three of them on two cores are in each other's way seldom.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

IN_WORLDS = ("tests/lab/", "tests/separation/")
ON_LOOPBACK = ("tests/separation/test_fronts.py",)  # boots no machine
SECOND_WORLD = tuple(
    f"tests/lab/test_{name}.py" for name in ("edge_replaced", "home_line", "strangers")
)
APART = ("tests/bad_luck/", "tests/certs/", "tests/unit/components/haproxy/")  # each a queue
OF_THEIR_OWN = (
    "tests/fresh/",
    *(
        f"tests/lab/test_{name}.py"
        for name in (
            "barriers",
            "certificates",
            "deploy",
            "hosts",
            "internet",
            "link_keeper",
            "main_job",
            "nodes",
            "overlay_firewall",
        )
    ),
)
FIRST = (  # the long ones, so that the short ones even out the end
    *("worlds", "second world", "rest"),
    *("tests/fresh/test_launcher.py", "tests/unit/components/haproxy", "tests/bad_luck"),
    *("tests/fresh/test_packages.py", "tests/fresh/test_main_job.py"),
)


class Queues(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Long queues first, then short ones; xdist's own would deal out file by file."""

    def _split_scope(self, nodeid: str) -> str:
        return queue_of(nodeid)


def queue_of(nodeid: str) -> str:
    """The queue in which a test waits its turn."""
    if nodeid.startswith(OF_THEIR_OWN):
        return nodeid.partition("::")[0]
    if nodeid.startswith(APART):
        return str(Path(nodeid.partition("::")[0]).parent)
    if nodeid.startswith(SECOND_WORLD):
        return "second world"
    in_world = nodeid.startswith(IN_WORLDS) and not nodeid.startswith(ON_LOOPBACK)
    return "worlds" if in_world else "rest"


def place_of(nodeid: str) -> int:
    """Queues are dealt out in the order in which their first tests come."""
    queue = queue_of(nodeid)
    return FIRST.index(queue) if queue in FIRST else len(FIRST)


def shorten_paths(config: pytest.Config) -> None:
    """In a worker: `.../0` for `.../popen-gw0`. A unix socket's path has 97 octets in HAProxy."""
    worker: dict[str, str] = getattr(config, "workerinput", {})
    if worker and config.option.basetemp:
        long = Path(config.option.basetemp)
        config.option.basetemp = str(long.with_name(worker["workerid"].removeprefix("gw")))
