"""How soon a second start serves, and what the home half holds of memory."""

from __future__ import annotations

from pathlib import Path

from bench import page, ratio
from bench.second_start import measure as second_start
from bench.weight import measure as weight


def measure(below: Path) -> str:
    rows = (second_start(below), *weight(below))
    return page.section("Medians.", ratio.table(rows))
