"""What the edge commands say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from greygate.edge.join import Joined
from greygate.home import agents
from greygate.home.half import Home
from greygate.plan.edges import EdgeLink
from greygate.probe.answers import NoAnswer, Peer, Peers
from greygate.run import barrier_words
from greygate.run.edge_remarks import remarks
from greygate.run.left_hosts import left_json
from greygate.run.report import agent_json
from greygate.run.seen import EdgeTold
from greygate.run.status import left_running, peers_of
from greygate.text import _, aligned, duration, listing


def rows(home: Home) -> list[dict[str, Any]]:
    """Every edge with its link as home's node tells it now, and what it says of itself."""
    told = peers_of(home.site, home.plan)
    peers = told.peers if isinstance(told, Peers) else None
    heard, left = agents.look(home), left_running(home.plan)
    return [
        {
            **_row(it, peers, heard.get(it.edge.id)),
            "left_hosts": [
                *(left_json(old) for old in home.plan.former if old.edge.id == it.edge.id),
                *(left_json(old, barred=True) for old in left if old.edge.id == it.edge.id),
            ],
        }
        for it in home.plan.edges
    ]


def listed(found: list[dict[str, Any]]) -> str:
    if not found:
        return _("no edges: this server stands alone")
    heads = (_("edge"), _("name"), _("addresses"), _("on the overlay"), _("link"), _("it says"))
    left = (
        (
            _("{edge}: the old host at {where} still runs; home refuses its key")
            if old["barred"]
            else _("{edge}: keep the old host at {where} until {until}; then it is barred")
        ).format(edge=row["id"], where=" ".join(old["addresses"]), until=old["until"][11:16])
        for row in found
        for old in row["left_hosts"]
    )
    return "\n".join((aligned([heads, *(_line(it) for it in found)]), *left, *_remarked(found)))


def joined_told(done: Joined) -> dict[str, Any]:
    return {
        "edge": done.token.edge,
        "name": done.token.name,
        "serial": done.token.serial,
        "address": str(done.plan.address),
        "ports": list(done.plan.ports),
        "changed": done.changed,
        "home_seen": done.home_seen,
        "barriers": [
            {"text": text, "cure": cure, "certain": certain}
            for text, cure, certain in _barriers(done)
        ],
    }


def joined_text(done: Joined) -> str:
    names = ", ".join(name for tenant in done.token.tenants for name in tenant.names)
    listening = _("{edge} listens on {ports} for {names}").format(
        edge=done.token.edge, ports=" and ".join(map(str, done.plan.ports)), names=names
    )
    lines = [listening]
    for text, cure, _certain in _barriers(done):
        lines.append(_("on this host {cause}").format(cause=text))
        lines.append(_("    next: {hint}").format(hint=cure))
    if done.home_seen:
        lines.append(_("home has dialled: other servers can come in"))
    elif not is_barred(done):  # else it cannot, and why is told
        lines.append(
            _("Your server has not connected to this edge yet. At home, run: greygate status")
        )
    return "\n".join(lines)


def is_barred(done: Joined) -> bool:
    """Whether another packet filter of the host certainly keeps it from its work."""
    return any(certain for _text, _cure, certain in _barriers(done))


def _barriers(done: Joined) -> Iterator[tuple[str, str, bool]]:
    """What each does, what helps, and whether it is certain."""
    for it in () if isinstance(done.barriers, NoAnswer) else done.barriers:
        yield barrier_words.cause(it), barrier_words.cure(it, done.plan.interface), it.certain


def _row(link: EdgeLink, peers: tuple[Peer, ...] | None, told: EdgeTold | None) -> dict[str, Any]:
    """`peers`: None where nobody could be asked."""
    uris = {uri.partition("?")[0] for uri in link.peers}  # as the node tells them
    ours = [it for it in peers or () if it.up and it.uri.partition("?")[0] in uris]
    since = max((it.uptime or 0.0 for it in ours), default=None)
    return {
        "id": link.edge.id,
        "name": link.edge.name,
        "addresses": [str(it) for it in link.edge.addresses],
        "overlay": str(link.address),
        "up": None if peers is None else bool(ours),
        "up_seconds": since,
        "behind": None if told is None else told.behind,
        "agent": agent_json(told),
        "remarks": [{"text": it.text, "cure": it.cure} for it in remarks(link.edge.id, told)],
    }


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    up = _("up for {time}").format(time=duration(row["up_seconds"] or 0.0))
    state = {True: up, False: _("down"), None: _("not known")}[row["up"]]
    where = " ".join(row["addresses"])
    return (row["id"], row["name"], where, row["overlay"], state, _said(row["agent"]))


def _said(agent: dict[str, Any] | None) -> str:
    if agent is None:
        return _("not asked")
    if "error" in agent:
        return _("nothing: {why}").format(why=agent["error"])
    running = listing(it["name"] for it in agent["services"] if it["since"] is not None)
    return _("plan {serial}, greygate {version}; {services} up for {time}").format(
        serial=agent["serial"],
        version=agent["version"],
        services=running,
        time=duration(_youngest(agent)),
    )


def _youngest(agent: dict[str, Any]) -> float:
    """Seconds since the last of its services began."""
    at = float(agent["at"])
    began = [float(it["since"]) for it in agent["services"] if it["since"] is not None]
    return max(0.0, at - max(began, default=at))


def _remarked(found: list[dict[str, Any]]) -> Iterator[str]:
    for row in found:
        for remark in row["remarks"]:
            yield _("{edge}: {what}; next: {cure}").format(
                edge=row["id"], what=remark["text"], cure=remark["cure"]
            )
        if row["behind"] is not None:
            yield _("{edge}: {what}; next: {cure}").format(
                edge=row["id"], what=row["behind"], cure="greygate apply"
            )
