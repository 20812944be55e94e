"""A name server of ours on an edge, written over the overlay; a CNAME leads to it."""

from __future__ import annotations

from greygate.errors import Trouble
from greygate.identity import edge_keys
from greygate.plan.challenges import CHALLENGE
from greygate.plan.paths import Paths
from greygate.progress import Progress
from greygate.site.model import Zone
from greygate.spec.dns import bare
from greygate.spec.yggdrasil import address_of
from greygate.text import _
from greygate.zones.rfc2136 import Updates

PATIENCE = 15.0  # seconds; there is one server, and it is the one that is written


class OwnDns:
    """A Solver: signed updates to the edge, at its overlay address."""

    patience = PATIENCE

    def __init__(self, zone: str, updates: Updates) -> None:
        self._zone = zone
        self._updates = updates

    def alias(self, name: str) -> str | None:
        return f"{bare(name).removeprefix(f'{CHALLENGE}.')}.{self._zone}"

    def publish(self, place: str, value: str) -> None:
        self._updates.add_text(bare(place), value)

    def withdraw(self, place: str, value: str) -> None:
        self._updates.take_text(bare(place), value)


def solver(zone: Zone, paths: Paths, progress: Progress) -> OwnDns:
    assert zone.edge is not None and zone.challenge_zone is not None, "the parser demands it"
    key = edge_keys.public_keys(paths, (zone.edge,)).get(zone.edge)
    signing = edge_keys.name_server_key(paths, zone.edge)
    if key is None or signing is None:
        raise Trouble(
            _("cannot write at {edge}: it has no key yet").format(edge=zone.edge),
            _("greygate edge token {edge} > FILE, and join with it").format(edge=zone.edge),
        )
    place = str(address_of(bytes.fromhex(key)))
    return OwnDns(zone.challenge_zone, Updates(zone.challenge_zone, place, signing))
