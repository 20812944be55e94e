"""Other peers taken up by the node as it runs: a restart would cut everybody off for seconds."""

from __future__ import annotations

from pathlib import Path

from greygate.apply import files, outstanding
from greygate.components.yggdrasil import CONFIG
from greygate.components.yggdrasil.peers import PeerChanges, peer_changes, place_of
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
