"""One line of the results: ours beside what it is held against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench import page


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Two figures of one run, in one unit, and the most that their ratio may be."""

    what: str
    ours: float
    beside: float
    unit: str
    wanted: float

    @property
    def told(self) -> tuple[str, ...]:
        return (
            self.what,
            f"{self.ours:.2f} {self.unit}",
            f"{self.beside:.2f} {self.unit}",
            f"{self.ours / self.beside:.2f}",
            f"at most {self.wanted:g}",
        )


def table(rows: Iterable[Ratio]) -> str:
    heads = ("what", "ours", "beside it", "ratio", "we want")
    return page.table(heads, (row.told for row in rows))
