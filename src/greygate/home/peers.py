"""Other peers taken up by the node as it runs: a restart would cut everybody off for seconds."""

from __future__ import annotations

from pathlib import Path

from greygate.apply import files
from greygate.components.yggdrasil import CONFIG
from greygate.components.yggdrasil.peers import PeerChanges, peer_changes, place_of
from greygate.plan.plan import Plan
from greygate.probe import overlay
from greygate.probe.answers import NoAnswer

NODE = "yggdrasil"


def taken_up(plan: Plan, changed: frozenset[str]) -> frozenset[str]:
    """The units that still have to take up what was changed; our node is not among them where it
    could be told."""
    if NODE not in changed:
        return changed
    try:
        before = (files.former(plan) / CONFIG).read_text("utf-8")
        after = Path(plan.paths.rendered / CONFIG).read_text("utf-8")
    except FileNotFoundError:
        return changed
    found = peer_changes(before, after)
    if found is None or found.rekeyed:
        return changed
    return changed - {NODE} if _told(str(plan.paths.overlay_admin_socket), found) else changed


def _told(admin: str, found: PeerChanges) -> bool:
    """Whether the node dials who came, and nobody who went is linked: that is what counts.

    What it answers does not: the keeper takes peers away and adds them anew meanwhile.
    """
    for uri in found.gone:
        overlay.remove_peer(admin, uri)
    for uri in found.new:
        overlay.add_peer(admin, uri)
    seen = overlay.peers(admin)
    if isinstance(seen, NoAnswer):
        return False
    linked = {place_of(it.uri) for it in seen.peers if it.up}
    dialled = {place_of(it.uri) for it in seen.peers}
    return linked.isdisjoint(map(place_of, found.gone)) and dialled.issuperset(
        map(place_of, found.new)
    )
