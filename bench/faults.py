"""Each program killed in turn under traffic, as tests/lab/test_faults.py does it, several times."""

from __future__ import annotations

import statistics
from pathlib import Path

from bench import page
from bench.internet import Served, served
from lab.kills import KILLS, Kill, killed

TIMES = 3


def measure(_below: Path) -> str:
    with served("benchfaults") as made:
        rows = [_row(made, kill) for kill in KILLS]
    words = (
        f"SIGKILL under traffic both ways, {TIMES} times each: seconds from the kill until "
        "something said after it arrived, median and worst; and the longest that any message "
        "took. No message was lost."
    )
    heads = ("killed", "from here to there", "from there to here", "longest of a message")
    return page.section(words, page.table(heads, rows))


def _row(made: Served, kill: Kill) -> tuple[str, ...]:
    told = [killed(made.lab, made.pair, made.room, kill, number) for number in range(TIMES)]
    assert all(it.there.decrypted and it.back.decrypted for it in told)
    there, back = zip(*(it.again for it in told), strict=True)
    return (str(kill), _told(there), _told(back), f"{max(it.longest for it in told):.1f}")


def _told(seconds: tuple[float, ...]) -> str:
    return f"{statistics.median(seconds):.1f}, {max(seconds):.1f}"
