"""What follows from what was seen of the edges: does the federation come in, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator

from greygate.plan.edge_state import EdgeState
from greygate.plan.edges import PUBLIC_PORTS, EdgeLink
from greygate.plan.plan import FEDERATION_PORT, INTERFACE, Plan
from greygate.probe.answers import (
    Distrusted,
    NoAnswer,
    NotTls,
    Peer,
    Peers,
    Refused,
    Reply,
    Stalled,
)
from greygate.run import barrier_words
from greygate.run.edge_remarks import down, restart
from greygate.run.seen import Door, EdgeSeen, Reach, Seen, Verdict
from greygate.site.model import Node, Site, Source
from greygate.text import _, duration, listing

PINNED = "does not match pinned keys"  # Yggdrasil 0.5


def federation(site: Site, plan: Plan, seen: Seen) -> Reach:
    """Do other homeservers reach it? One edge that is whole is enough."""
    if not site.federation:
        return Reach(Verdict.OFF, _("standalone: federation is off in the site file"))
    if not plan.edges:
        return _without_edges(site)
    reaches = [through(site, link, seen) for link in plan.followed]
    best = next((it for it in reaches if it.reachable), None) or next(
        (it for it in reaches if it.verdict is Verdict.UNKNOWN), reaches[0]
    )
    if best.reachable and seen.unsealed is not None:
        return Reach(best.verdict, _("{how}; not sealed").format(how=best.cause), seen.unsealed)
    return best


def through(site: Site, link: EdgeLink, seen: Seen) -> Reach:
    """Does the federation come in through this edge? The first thing in the way."""
    edge = next((it for it in seen.edges if it.id == link.title), None)
    if edge is None:
        return Reach(
            Verdict.UNKNOWN,
            _("nobody has looked through {edge}").format(edge=link.title),
            _("ask again: greygate status"),
        )
    if open_doors(edge):
        return Reach(Verdict.YES, _whole(link, edge, seen), _behind(edge) or _shut(edge))
    found = next(_in_the_way(site, link, edge, seen), None)
    if found is None and link_up(link, seen) is not None and is_silent(edge):
        found = _cut(site, link, edge) if _is_stalled(edge) else _edge_away(link, edge)
    return found or _silent(link, edge, seen)


def link_up(link: EdgeLink, seen: Seen) -> float | None:
    """For how many seconds the link to the edge is up, by its oldest peering; None: it is not."""
    return max((it.uptime or 0.0 for it in peerings(link, seen) if it.up), default=None)


def peerings(link: EdgeLink, seen: Seen) -> tuple[Peer, ...]:
    """Our node's peerings with the edge; the node tells a URI without its query."""
    if not isinstance(seen.peers, Peers):
        return ()
    ours = {uri.partition("?")[0] for uri in link.peers}
    return tuple(it for it in seen.peers.peers if it.uri.partition("?")[0] in ours)


def open_doors(edge: EdgeSeen) -> tuple[Door, ...]:
    """Those through which another server would come all the way to Synapse."""
    return tuple(
        it for it in edge.doors if isinstance(it.answer, Reply) and it.answer.status == 200
    )


def _whole(link: EdgeLink, edge: EdgeSeen, seen: Seen) -> str:
    up = link_up(link, seen)
    since = _(", link up for {time}").format(time=duration(up)) if up is not None else ""
    shut = [f"{it.address} {it.port}" for it in edge.doors if it not in open_doors(edge)]
    but = _("; not at {where}").format(where=listing(shut)) if shut else ""
    return _("through {edge}{since}{but}").format(edge=edge.id, since=since, but=but)


def _in_the_way(site: Site, link: EdgeLink, edge: EdgeSeen, seen: Seen) -> Iterator[Reach]:
    """In the order in which a stream passes: the edge itself, the link, our own door."""
    if names := down(edge.told):
        yield Reach(
            Verdict.NO,
            _("on {edge} {names} does not run").format(edge=edge.id, names=listing(names)),
            restart(edge.id, names),
        )
    yield from _barred(edge)
    yield from _occupied(edge)
    yield from _other_key(link, edge, seen)
    speaks = any(not isinstance(it.answer, NoAnswer | Refused) for it in edge.doors)
    if not speaks and isinstance(seen.peers, Peers) and link_up(link, seen) is None:
        yield (
            _no_way_out(link, edge, seen.peers)
            or _unheard(link, edge)
            or _unlinked(edge)
            or _edge_away(link, edge)
        )
    if isinstance(seen.peers, Peers) and peerings(link, seen) and link_up(link, seen) is None:
        yield Reach(
            Verdict.NO,
            _("{edge} answers, and there is no link to it: {words}").format(
                edge=edge.id, words=_complaints(link, seen)
            ),
            _("have it join with the newest token: greygate edge deploy {edge} root@HOST").format(
                edge=edge.id
            ),
        )
    for door in edge.doors:
        match door.answer:
            case Distrusted(why):
                yield _distrusted(site, edge, door, why)
            case Reply(status=status):
                yield Reach(
                    Verdict.NO,
                    _("{edge} port {port} leads to something that answers {status}").format(
                        edge=edge.id, port=door.port, status=status
                    ),
                    _behind(edge) or _("greygate logs haproxy, greygate logs synapse"),
                )


def _barred(edge: EdgeSeen) -> Iterator[Reach]:
    """A packet filter of the edge's host, by its own account."""
    if edge.told is None or not isinstance(edge.told.state, EdgeState):
        return
    for barrier in edge.told.state.barriers or ():
        if barrier.certain:
            yield Reach(
                Verdict.NO,
                _("on {edge} {cause}").format(edge=edge.id, cause=barrier_words.cause(barrier)),
                _("on {edge}: {cure}").format(
                    edge=edge.id, cure=barrier_words.cure(barrier, INTERFACE)
                ),
            )


def _no_way_out(link: EdgeLink, edge: EdgeSeen, peers: Peers) -> Reach | None:
    """Where other peers that we dial are away too, it is hardly the edge that is."""
    edges = {uri.partition("?")[0] for uri in link.peers}
    others = [it for it in peers.peers if not it.inbound and it.uri not in edges]
    if peers.up or not others:
        return None
    return Reach(
        Verdict.NO,
        _("this machine has no way out: neither {edge} nor any Yggdrasil peer answers").format(
            edge=edge.id
        ),
        _("is its own line up? ip route get {address}, ping {address}").format(
            address=link.edge.addresses[0]
        ),
    )


def _occupied(edge: EdgeSeen) -> Iterator[Reach]:
    for door in edge.doors:
        if isinstance(door.answer, NotTls):
            yield Reach(
                Verdict.NO,
                _("another program has port {port} of {edge}: it does not speak TLS").format(
                    port=door.port, edge=edge.id
                ),
                _(
                    "on {edge}: see which one, ss -ltnp 'sport = :{port}'; stop it, then: "
                    "systemctl restart greygate-haproxy"
                ).format(edge=edge.id, port=door.port),
            )


def _other_key(link: EdgeLink, edge: EdgeSeen, seen: Seen) -> Iterator[Reach]:
    """Yggdrasil's words of a node at the edge's ports that is not the one of its token."""
    if link_up(link, seen) is None and any(PINNED in it.complaint for it in peerings(link, seen)):
        yield Reach(
            Verdict.NO,
            _("the Yggdrasil of {edge} has another key than its token says").format(edge=edge.id),
            _("give it its own again: greygate edge deploy {edge} root@HOST").format(edge=edge.id),
        )


def _unheard(link: EdgeLink, edge: EdgeSeen) -> Reach | None:
    """The host is there and refuses: HAProxy does not run, or something leads its ports astray."""
    if not edge.doors or not all(isinstance(it.answer, Refused) for it in edge.doors):
        return None
    where = listing(str(it) for it in link.edge.addresses)
    ports = listing(map(str, PUBLIC_PORTS))
    return Reach(
        Verdict.NO,
        _("{edge} is there at {where}, and nothing listens on its ports {ports}").format(
            edge=edge.id, where=where, ports=ports
        ),
        _(
            "if it has joined, on {edge}: systemctl restart greygate-haproxy; "
            "else, or if that does not help: greygate edge deploy {edge} root@HOST"
        ).format(edge=edge.id),
    )


def _unlinked(edge: EdgeSeen) -> Reach | None:
    """HAProxy is there, and takes our link as it takes every connection: nothing is behind it."""
    if not _is_stalled(edge):
        return None
    return Reach(
        Verdict.NO,
        _("{edge} takes connections, and its Yggdrasil does not").format(edge=edge.id),
        _(
            "on {edge}: systemctl restart greygate-yggdrasil; "
            "if that does not help: greygate edge deploy {edge} root@HOST"
        ).format(edge=edge.id),
    )


def _edge_away(link: EdgeLink, edge: EdgeSeen) -> Reach:
    """Neither its public ports nor our link: most often it is not there yet."""
    where = listing(str(it) for it in link.edge.addresses)
    ports = listing(f"tcp/{port}" for port in PUBLIC_PORTS)
    return Reach(
        Verdict.NO,
        _("{edge} does not answer at {where}: {why}").format(
            edge=edge.id, where=where, why=_why(edge)
        ),
        _(
            "is it rented and up, are {ports} open at its provider and in its own firewall, "
            "has it joined? "
            "greygate edge deploy {edge} root@HOST"
        ).format(ports=ports, edge=edge.id),
    )


def _silent(link: EdgeLink, edge: EdgeSeen, seen: Seen) -> Reach:
    """The link is up, or we cannot know, and nobody answers at the public ports: seen from here."""
    words = _("the link to {edge} is up, but nothing comes back through its port {port}: {why}")
    if link_up(link, seen) is None:
        words = _("nothing comes back through port {port} of {edge}: {why}")
    return Reach(
        Verdict.UNKNOWN,
        words.format(edge=edge.id, port=FEDERATION_PORT, why=_why(edge)),
        _behind(edge)
        or _("try it from elsewhere: greygate discover {name}").format(name=link.edge.name),
    )


def is_silent(edge: EdgeSeen) -> bool:
    """Whether neither what comes in nor its agent gets an answer over the overlay."""
    unheard = edge.told is not None and isinstance(edge.told.state, NoAnswer)
    return unheard and all(isinstance(it.answer, NoAnswer) for it in edge.doors)


def _is_stalled(edge: EdgeSeen) -> bool:
    """Whether its HAProxy takes connections, and has nobody to lead them to."""
    return any(isinstance(it.answer, Stalled) for it in edge.doors)


def _cut(site: Site, link: EdgeLink, edge: EdgeSeen) -> Reach:
    """After a jump of a clock a node takes the other's new sessions for old ones, and drops them.

    Its own session it keeps for as long as it sends: only a restart ends it.
    """
    return Reach(
        Verdict.NO,
        _("the link to {edge} is up, and nothing passes over the overlay: {why}").format(
            edge=edge.id, why=_why(edge)
        ),
        _(
            "restart the node here: {ours}; if that does not help, on {edge}: "
            "systemctl restart greygate-yggdrasil; see that both clocks are right: timedatectl"
        ).format(ours=restart_node(site), edge=edge.id),
    )


def restart_node(site: Site) -> str:
    """What restarts the Yggdrasil of this machine."""
    if site.overlay.node is Node.MANAGED:
        return "greygate down && greygate up --detach"
    return "systemctl restart yggdrasil"


def _shut(edge: EdgeSeen) -> str:
    """What helps where one port of an address answers, and the other does not."""
    there = {it.address for it in open_doors(edge)}
    shut = [it for it in edge.doors if it not in open_doors(edge) and it.address in there]
    if not shut:
        return ""
    port = shut[0].port
    if isinstance(shut[0].answer, NoAnswer):
        return _("is tcp/{port} open at the provider of {edge} and in its own firewall?").format(
            port=port, edge=edge.id
        )
    return _(
        "on {edge}: ss -ltnp 'sport = :{port}'; systemctl restart greygate-haproxy; "
        "if that does not help: greygate edge deploy {edge} root@HOST"
    ).format(edge=edge.id, port=port)


def _distrusted(site: Site, edge: EdgeSeen, door: Door, why: str) -> Reach:
    if site.certificates.source is Source.OWN:
        return Reach(
            Verdict.NO,
            _("{edge} leads here, and other servers trust no certificate of our own").format(
                edge=edge.id
            ),
            _(
                "get one from a public authority and name it in the site file: [certificates] "
                'source = "files", chain, key'
            ),
        )
    return Reach(
        Verdict.NO,
        _("the certificate at {edge} port {port} is not trusted: {why}").format(
            edge=edge.id, port=door.port, why=why
        ),
        _("renew it, or name the full chain; then greygate cert renew"),
    )


def _without_edges(site: Site) -> Reach:
    if not site.edges:
        return Reach(
            Verdict.NO,
            _("there is no edge: servers of the clearnet find no way in"),
            _("rent a small host and name it in the site file: [[edge]] id, name, addresses"),
        )
    return Reach(
        Verdict.NO,
        _("no edge has a key yet"),
        _("greygate edge token {edge} > FILE").format(edge=site.edges[0].id),
    )


def _behind(edge: EdgeSeen) -> str:
    if edge.behind is None:
        return ""
    return _("{edge} is behind: {why}; greygate apply").format(edge=edge.id, why=edge.behind)


def _complaints(link: EdgeLink, seen: Seen) -> str:
    said = dict.fromkeys(it.complaint for it in peerings(link, seen) if it.complaint)
    return "; ".join(said) or _("no reason told")


def _why(edge: EdgeSeen) -> str:
    said = dict.fromkeys(
        it.answer.why if isinstance(it.answer, NoAnswer) else _("connection refused")
        for it in edge.doors
    )
    return "; ".join(said) or _("no reason told")
