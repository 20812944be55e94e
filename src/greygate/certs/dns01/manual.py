"""By hand: says what to type, and leaves it to the driver to see when it is there."""

from __future__ import annotations

from greygate.plan.paths import Paths
from greygate.plan.spelling import spelled_name
from greygate.progress import Progress
from greygate.site.model import Zone
from greygate.text import _

PATIENCE = 3600.0  # seconds; a person has to find the form, and some providers publish hourly


class Manual:
    """A Solver: a person types, and the driver waits until it is published."""

    patience = PATIENCE

    def __init__(self, zone: Zone, progress: Progress) -> None:
        self._zone = zone
        self._progress = progress

    def alias(self, name: str) -> str | None:
        return None

    def publish(self, place: str, value: str) -> None:
        told = _("publish in {zone}: name {name}  type TXT  value {value}  (beside what is there)")
        self._progress.note(
            told.format(zone=self._zone.name, name=spelled_name(self._zone, place), value=value)
        )

    def withdraw(self, place: str, value: str) -> None:
        told = _("may be taken away in {zone}: name {name}  type TXT  value {value}")
        self._progress.note(
            told.format(zone=self._zone.name, name=spelled_name(self._zone, place), value=value)
        )


def solver(zone: Zone, paths: Paths, progress: Progress) -> Manual:
    return Manual(zone, progress)
