"""How soon traffic passes again after a hole in the line to the edge, with the keeper and without.

Several lines side by side, each in namespaces of its own: the phase of Yggdrasil's timers is what
it is, so a single figure says little.
"""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import page
from greygate.lab import holes

HOLES = (22.0, 37.0, 53.0, 90.0, 120.0)  # seconds
KEPT = 5  # lines with the keeper
MOST = 90.0  # seconds after which we wait no longer
SETTLED = 75.0  # seconds; Yggdrasil forgets a minute after a hole what that hole has spoilt
WANTED = 2.0  # seconds, whatever the hole


def measure(below: Path) -> str:
    with ThreadPoolExecutor(KEPT + 1) as pool:
        alone = pool.submit(_backs, below, "alone", kept=False)
        kept = [pool.submit(_backs, below, f"kept{it}", kept=True) for it in range(KEPT)]
        ours = list(zip(*(it.result() for it in kept), strict=True))
        rows = [
            (f"{hole:.0f} s", *_told(mine), f"{other:.1f} s")
            for hole, mine, other in zip(HOLES, ours, alone.result(), strict=True)
        ]
    words = (
        f"From the end of a hole to the first echo through it; {KEPT} lines with the keeper and "
        f"one without, side by side; each hole the first in {SETTLED:.0f} s. We want {WANTED:g} s, "
        "whatever the hole."
    )
    heads = ("hole", "with the keeper, median", "all", f"within {WANTED:g} s", "without it")
    return page.section(words, page.table(heads, rows))


def _told(seconds: tuple[float, ...]) -> tuple[str, ...]:
    return (
        f"{statistics.median(seconds):.1f} s",
        ", ".join(f"{it:.1f}" for it in sorted(seconds)),
        f"{sum(it <= WANTED for it in seconds)} of {len(seconds)}",
    )


def _backs(below: Path, name: str, *, kept: bool) -> list[float]:
    (below / name).mkdir()
    backs = []
    with holes.line(below / name, f"gg{name}-", kept=kept) as line:
        for hole in HOLES:
            backs.append(line.back_after(hole, most=MOST))
            time.sleep(SETTLED)
    return backs
