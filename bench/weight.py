"""What the home half holds of memory, beside Synapse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.ratio import Ratio
from bench.server import greygate, with_engine

MEGABYTE = 1_000_000
WANTED = 96  # MB beyond Synapse


def measure(below: Path) -> Iterator[Ratio]:
    """At rest, right after a start."""
    state = below / "weight"
    with_engine(state)
    greygate(state, "up", "--detach")
    told = {it["name"]: it["memory"] for it in greygate(state, "status")["services"]}
    greygate(state, "down")
    beside = told.pop("synapse") / MEGABYTE
    for name, octets in told.items():
        yield Ratio(
            what=f"memory of {name} (PSS), beside Synapse's",
            ours=octets / MEGABYTE,
            beside=beside,
            unit="MB",
            wanted=WANTED / beside,
        )
