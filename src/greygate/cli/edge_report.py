"""What the edge commands say."""

from __future__ import annotations

from typing import Any

from greygate.edge.join import Joined
from greygate.home.half import Home
from greygate.plan.edges import EdgeLink
from greygate.probe import overlay
from greygate.probe.answers import NoAnswer, Peer
from greygate.text import _, aligned, duration


def rows(home: Home) -> list[dict[str, Any]]:
    """Every edge with its link as home's node tells it now."""
    told = overlay.peers(str(home.plan.paths.overlay_admin_socket))
    peers = () if isinstance(told, NoAnswer) else told.peers
    return [_row(it, peers) for it in home.plan.edges]


def listed(found: list[dict[str, Any]]) -> str:
    if not found:
        return _("no edges: this server stands alone")
    heads = (_("edge"), _("name"), _("addresses"), _("on the overlay"), _("link"))
    return aligned([heads, *(_line(it) for it in found)])


def joined_told(done: Joined) -> dict[str, Any]:
    return {
        "edge": done.token.edge,
        "name": done.token.name,
        "serial": done.token.serial,
        "address": str(done.plan.address),
        "ports": list(done.plan.ports),
        "changed": done.changed,
        "home_seen": done.home_seen,
    }


def joined_text(done: Joined) -> str:
    names = ", ".join(name for tenant in done.token.tenants for name in tenant.names)
    listening = _("{edge} listens on {ports} for {names}").format(
        edge=done.token.edge, ports=" and ".join(map(str, done.plan.ports)), names=names
    )
    if done.home_seen:
        return listening + "\n" + _("home has dialled: other servers can come in")
    return (
        listening
        + "\n"
        + _("home has not dialled yet; start it there: greygate up, or greygate install")
    )


def _row(link: EdgeLink, peers: tuple[Peer, ...]) -> dict[str, Any]:
    uris = {uri.partition("?")[0] for uri in link.peers}  # as the node tells them
    ours = [it for it in peers if it.up and it.uri.partition("?")[0] in uris]
    since = max((it.uptime or 0.0 for it in ours), default=None)
    return {
        "id": link.edge.id,
        "name": link.edge.name,
        "addresses": [str(it) for it in link.edge.addresses],
        "overlay": str(link.address),
        "up": bool(ours),
        "up_seconds": since,
    }


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    up = _("up for {time}").format(time=duration(row["up_seconds"] or 0.0))
    state = up if row["up"] else _("down")
    return (row["id"], row["name"], " ".join(row["addresses"]), row["overlay"], state)
