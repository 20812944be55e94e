"""What came through a front, counted: the measure by which fronts are laid side by side."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from separation.shots import Expected, Shot
from separation.synapse_log import Arrival
from separation.table import Way

RECORDED = Path(__file__).parents[2] / "docs/separation.json"
KINDS = ("client", "admin", "media", "other")
UNRECOGNISED = (400, 404, 405)  # what Synapse says to what it does not know


@dataclass(frozen=True, slots=True)
class Tally:
    """One front's figures."""

    arrived: Mapping[str, int]  # of what is closed, by what was aimed at
    answered: Mapping[str, int]  # of that, by a resource of Synapse's that knew it
    broken: int  # of what federation must have: not arrived, or not as sent

    @property
    def is_tight(self) -> bool:
        return not any((*self.arrived.values(), *self.answered.values(), self.broken))


def tally(shots: Sequence[Shot], arrivals: Sequence[Arrival], way: Way) -> Tally:
    kinds = {shot.mark: shot.kind for shot in shots}
    closed = [it for it in arrivals if not way.forwards(it.method, it.target.partition("?")[0])]
    known = [it for it in closed if it.status is not None and it.status not in UNRECOGNISED]
    begun = Counter(
        (mark, it.method, it.target) for it in arrivals if it.status is None for mark in it.marks
    )
    broken = [
        shot
        for shot in shots
        if shot.expected is Expected.ONCE and begun[(shot.mark, shot.method, shot.target)] != 1
    ]
    return Tally(_by_kind(closed, kinds), _by_kind(known, kinds), len(broken))


def recorded() -> dict[str, object]:
    told: dict[str, object] = json.loads(RECORDED.read_text("utf-8"))
    return told


def record(shots: int, closed: int, tallies: Mapping[str, Tally]) -> None:
    told = {
        "shots": shots,
        "closed": closed,
        "fronts": {name: asdict(it) for name, it in tallies.items()},
    }
    RECORDED.write_text(json.dumps(told, indent=2) + "\n", "utf-8")


def table(told: Mapping[str, object], heads: Sequence[str], names: Mapping[str, str]) -> str:
    """The figures as both documents show them, in the words of each."""
    fronts = told["fronts"]
    assert isinstance(fronts, dict)
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for name, it in fronts.items():
        cells = [f"{it['arrived'][kind]} ({it['answered'][kind]})" for kind in KINDS]
        lines.append(f"| {names.get(name, name)} | {' | '.join(cells)} | {it['broken']} |")
    return "\n".join(lines)


def _by_kind(arrivals: Sequence[Arrival], kinds: Mapping[str, str]) -> dict[str, int]:
    marks = {mark for it in arrivals for mark in it.marks}
    counted = Counter(kinds[mark] for mark in marks if mark in kinds)
    return {kind: counted[kind] for kind in KINDS}
