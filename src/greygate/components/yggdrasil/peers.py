"""What differs between two configurations of our node, where it is the peers it dials alone."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_PEERS = re.compile(r"^  Peers: (?P<list>\[\]|\[\n.*?\n  \])$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class PeerChanges:
    """The peers that go, and those that come."""

    gone: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def rekeyed(self) -> bool:
        """Whether one stays where it is under another key: its link would stay up (0.5.12)."""
        return not {place_of(it) for it in self.gone}.isdisjoint(map(place_of, self.new))


def peer_changes(before: str, after: str) -> PeerChanges | None:
    """The peers that differ; None where something else does, which a node reads at its start."""
    former, later = _PEERS.search(before), _PEERS.search(after)
    if former is None or later is None or _PEERS.sub("", before) != _PEERS.sub("", after):
        return None
    had, has = (tuple(map(str, json.loads(it["list"]))) for it in (former, later))
    return PeerChanges(
        gone=tuple(it for it in had if it not in has),
        new=tuple(it for it in has if it not in had),
    )


def place_of(uri: str) -> str:
    """What a node tells one peer from another by."""
    return uri.partition("?")[0]
