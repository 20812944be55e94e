"""Other peers taken up by the node as it runs: a restart would cut everybody off for seconds."""

from __future__ import annotations

import json
from pathlib import Path

from greygate.apply import files, outstanding
from greygate.components.keeper import LINKS
from greygate.components.yggdrasil import CONFIG
from greygate.components.yggdrasil.peers import PeerChanges, peer_changes, place_of
from greygate.machine import node
from greygate.plan.plan import Plan
from greygate.probe import overlay
from greygate.probe.answers import NoAnswer

NODE = "yggdrasil"


def take_up(plan: Plan) -> None:
    """Tell the running node its other peers, where they are all that is outstanding of it.

    What cannot be told so stays outstanding: then the node is restarted.
    """
    tree, former = Path(plan.paths.rendered), files.former(plan)
    due = outstanding.load(tree)
    if NODE not in due or NODE in outstanding.load(former):
        return
    try:
        before, after = ((it / CONFIG).read_text("utf-8") for it in (former, tree))
    except FileNotFoundError:
        return
    found = peer_changes(before, after)
    if found is None or found.rekeyed:
        return
    if _told(str(plan.paths.overlay_admin_socket), found):
        outstanding.settle(tree, {NODE: due[NODE]})


def remove_unplanned(plan: Plan, *, ours: bool) -> None:
    """Have the running node dial nobody of ours who is not in the plan.

    The keeper may have added a peer anew just before it got its new list. `ours`: the node is ours
    alone; on another only what we had in the last list is taken away.
    """
    found = node.running() if not ours else None
    admin = str(plan.paths.overlay_admin_socket) if ours else found.admin if found else None
    seen = NoAnswer("") if admin is None else overlay.peers(admin)
    if admin is None or isinstance(seen, NoAnswer):
        return
    planned, former = set(map(place_of, plan.peers)), _listed(plan)
    for peer in seen.peers:
        place = place_of(peer.uri)
        if not peer.inbound and place not in planned and (ours or place in former):
            overlay.remove_peer(admin, peer.uri)


def _listed(plan: Plan) -> frozenset[str]:
    """Whom the keeper dialled by its last list."""
    try:
        told = json.loads((Path(files.former(plan)) / LINKS).read_text("utf-8"))
        return frozenset(place_of(uri) for edge in told["edges"] for uri in edge["peers"])
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


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
