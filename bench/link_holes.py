"""How soon traffic passes again after a hole in the line to the edge, with the keeper and without.

One hole at a time, in namespaces of its own: the phase of Yggdrasil's back-off is what it is, so a
single figure without the keeper says little; the sum of a run says more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.ratio import Ratio
from greygate.lab import holes

HOLES = (22.0, 37.0, 53.0, 90.0, 120.0)  # seconds
MOST = 90.0  # seconds after which we wait no longer
SETTLED = 6.0  # seconds until both ends have told each other everything anew
WANTED = 2.0  # seconds, whatever the hole


def measure(below: Path) -> Iterator[Ratio]:
    """Both lines side by side: they share nothing but the machine."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        kept, alone = pool.map(lambda it: _backs(below, kept=it), (True, False))
    for hole, ours, beside in zip(HOLES, kept, alone, strict=True):
        yield Ratio(
            what=f"traffic again after a hole of {hole:.0f} s, beside no link keeper",
            ours=ours,
            beside=beside,
            unit="s",
            wanted=WANTED / beside,
        )


def _backs(below: Path, *, kept: bool) -> list[float]:
    name = "kept" if kept else "alone"
    (below / name).mkdir()
    backs = []
    with holes.line(below / name, f"gg{name}-", kept=kept) as line:
        for hole in HOLES:
            backs.append(line.back_after(hole, most=MOST))
            time.sleep(SETTLED)
    return backs
