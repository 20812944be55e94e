"""In the zone itself, by whoever writes it: signed updates, or its provider's interface."""

from __future__ import annotations

from greygate.errors import Trouble
from greygate.plan.paths import Paths
from greygate.progress import Progress
from greygate.site.model import Zone
from greygate.site.zones import is_in
from greygate.spec.dns import bare
from greygate.text import _
from greygate.zones.catalogue import challenge_writer
from greygate.zones.writer import Writer


class InZone:
    """A Solver: writes the texts where the names are, or where a CNAME within the zone leads."""

    def __init__(self, zone: Zone, writer: Writer) -> None:
        self.patience = writer.patience
        self._zone = zone
        self._writer = writer

    def alias(self, name: str) -> str | None:
        return None

    def publish(self, place: str, value: str) -> None:
        self._demand_ours(place)
        self._writer.add_text(bare(place), value)

    def withdraw(self, place: str, value: str) -> None:
        self._demand_ours(place)
        self._writer.take_text(bare(place), value)

    def _demand_ours(self, place: str) -> None:
        if not is_in(bare(place), self._zone.name):
            raise Trouble(
                _("cannot write at {place}: a CNAME leads there, out of {zone}").format(
                    place=place, zone=self._zone.name
                ),
                _("take that CNAME away; or say who writes there: challenge below [[zone]]"),
            )


def solver(zone: Zone, paths: Paths, progress: Progress) -> InZone:
    return InZone(zone, challenge_writer(zone))
