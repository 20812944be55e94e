"""One line of the results: ours beside what it is held against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Two figures of one run, in one unit, and the most that their ratio may be."""

    what: str
    ours: float
    beside: float
    unit: str
    wanted: float

    def told(self) -> str:
        return (
            f"| {self.what} | {self.ours:.2f} {self.unit} | {self.beside:.2f} {self.unit} "
            f"| {self.ours / self.beside:.2f} | at most {self.wanted:g} |"
        )
