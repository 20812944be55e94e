"""What follows from what was seen of the server: who can reach it, and if not, the one cause."""

from __future__ import annotations

from collections.abc import Iterator

from greygate.plan.barriers import Purpose
from greygate.plan.plan import Plan
from greygate.probe.answers import Distrusted, NoAnswer, NotTls, Peers, PeersAnswer, Refused, Reply
from greygate.run import barrier_words as words
from greygate.run.endings import restarted
from greygate.run.federation import federation as through_edges
from greygate.run.federation import restart_node
from greygate.run.seen import Reach, Seen, Verdict
from greygate.run.state import Condition, State, telling
from greygate.site.model import Node, Site, Source
from greygate.text import _, duration, listing, size

NODE = "yggdrasil"  # our own, among the services
SYNAPSE = "synapse"
HOLDER = _("see who has that port: ss -ltnp; stop that, then: greygate apply")
MISCONFIGURED = "Error in configuration"  # Synapse's words; what we render has been checked
NOT_WRITABLE = ("readonly database", "unable to open database file")  # SQLite's
ENDED = (Condition.FAILED, Condition.STARTING)  # between two runs, or not ready again


def people(site: Site, plan: Plan, seen: Seen) -> Reach:
    """Can people reach it? The first thing in the way, as it hides what is behind it."""
    in_the_way = (
        _disk(seen),
        _services(plan, seen),
        _address(site, plan, seen),
        _route(site, plan, seen),
        _certificate(site, seen),
        _door(site, plan, seen),
        _barred(plan, seen, Purpose.PEOPLE),
        _way(site, plan, seen),
    )
    found = next((reach for reach in in_the_way if reach is not None), None)
    if found is not None:
        return found
    if site.overlay.node is Node.LOOPBACK:
        return Reach(
            Verdict.YES,
            _("from this machine only, at {url}: this is not the overlay").format(
                url=plan.address_url
            ),
        )
    return Reach(Verdict.YES, _("over the overlay, at {url}").format(url=_url(site, plan)))


def federation(site: Site, plan: Plan, seen: Seen) -> Reach:
    """Do other homeservers reach it? What stops it here stops it through every edge."""
    found = None
    if site.federation and plan.edges:
        found = stopped_here(site, plan, seen)
        found = found or _certificate(site, seen) or _barred(plan, seen, Purpose.OUT)
    reach = found or through_edges(site, plan, seen)
    if reach.verdict in (Verdict.YES, Verdict.OFF):
        return reach
    return found or _barred(plan, seen, Purpose.INGRESS) or reach


def stopped_here(site: Site, plan: Plan, seen: Seen) -> Reach | None:
    """What of our own half keeps from us how an edge is, too: it is no fault of the edge's."""
    return (
        _disk(seen)
        or _services(plan, seen)
        or _address(site, plan, seen)
        or _route(site, plan, seen)
    )


def _disk(seen: Seen) -> Reach | None:
    """First: whatever else fails, fails because of it, and what still answers takes nothing."""
    if seen.room is None or not seen.room.full:
        return None
    cause = _("the disk of {at} is full ({free} left): Synapse can store nothing")
    return Reach(
        Verdict.NO,
        cause.format(at=seen.room.at, free=size(seen.room.octets)),
        _("make room: df -h {at}; journalctl --vacuum-size=100M").format(at=seen.room.at),
    )


def _services(plan: Plan, seen: Seen) -> Reach | None:
    if isinstance(seen.states, NoAnswer):
        return Reach(Verdict.UNKNOWN, seen.states.why, _("ask again: greygate status"))
    if not seen.states:
        return Reach(Verdict.NO, _not_running(seen), _("greygate up"))
    return next(_troubled(plan, seen.states), None)


def _troubled(plan: Plan, states: tuple[State, ...]) -> Iterator[Reach]:
    """Failed ones first: they are why others wait."""
    for state in states:
        ended = restarted(state) if state.condition in ENDED else None
        if ended is not None:
            yield Reach(Verdict.NO, ended.what, ended.cure)
        elif state.condition is Condition.FAILED:
            words = telling(state.words) or _("nothing")
            yield Reach(
                Verdict.NO,
                _("{name} does not stay up; it says: {words}").format(name=state.name, words=words),
                _cure(plan, state.name, words),
            )
    stopped = [it.name for it in states if it.condition in (Condition.DOWN, Condition.STOPPING)]
    if stopped:
        yield Reach(Verdict.NO, _stopped(stopped), _("greygate up"))


def _cure(plan: Plan, name: str, words: str) -> str:
    """What helps against what a service says; where that is not known, to read more of it."""
    logs = _("greygate logs {name}").format(name=name)
    if "Address already in use" in words:
        return HOLDER
    if name != SYNAPSE:
        return logs
    if words.startswith(MISCONFIGURED):
        return _("correct your file in {place}, then: greygate apply; else: {logs}").format(
            place=plan.paths.synapse_settings, logs=logs
        )
    if plan.accounts and any(it in words for it in NOT_WRITABLE):
        return _(
            "give it what is its own, it is tried again by itself: "
            "chown -R greygate-{name}: {place}; else: {logs}"
        ).format(name=name, place=plan.paths.synapse, logs=logs)
    return logs


def _not_running(seen: Seen) -> str:
    cause = _("the server is not running")
    return f"{cause}; {_stopped([it.name for it in seen.ended])}" if seen.ended else cause


def _stopped(names: list[str]) -> str:
    return _("stopped: {names}").format(names=listing(names))


def _address(site: Site, plan: Plan, seen: Seen) -> Reach | None:
    missing = [address for address in plan.addresses if address not in seen.present]
    if not missing or (site.overlay.node is Node.LOOPBACK and seen.present):
        return None  # a machine without IPv6 has no ::1, and 127.0.0.1 is enough
    runs = any(it.name == NODE and it.condition is Condition.UP for it in _states(seen))
    cures = {
        Node.MANAGED: _("have our node take it again: {restart}").format(restart=restart_node(site))
        if runs
        else _("see what our node says: greygate logs yggdrasil"),
        Node.SYSTEM: _("start this machine's Yggdrasil: systemctl start yggdrasil"),
        Node.ROUTED: _("give it to an interface: ip address add {address}/64 dev INTERFACE"),
        Node.LOOPBACK: _("bring the loopback interface up: ip link set lo up"),
    }
    return Reach(
        Verdict.NO,
        _("this machine does not have the address {address}").format(address=listing(missing)),
        cures[site.overlay.node].format(address=missing[0]),
    )


def _route(site: Site, plan: Plan, seen: Seen) -> Reach | None:
    """Requests of our own stay on this machine, so all else looks well."""
    if not seen.unrouted:
        return None
    first = seen.unrouted[0]
    return Reach(
        Verdict.NO,
        _("this machine cannot send to {address} over the overlay: {why}").format(
            address=first.destination, why=first.why
        ),
        _(
            "see which route or rule it is: ip -6 route get {address} from {own}; "
            "delete that (ip -6 route, ip -6 rule); if the route 200::/7 is missing: {restart}"
        ).format(
            address=first.destination,
            own=plan.addresses[0],
            restart=restart_node(site),
        ),
    )


def _certificate(site: Site, seen: Seen) -> Reach | None:
    """Before the door: there it would be one of many reasons not to trust it."""
    if seen.certificate_left is None or seen.certificate_left > 0:
        return None
    ago = duration(-seen.certificate_left)
    cure = _("greygate cert renew")
    if site.certificates.source is Source.ACME:
        cure = _("greygate cert issue")
    if site.certificates.source is Source.FILES:
        cure = _("renew it with the program that keeps it, then greygate cert renew")
    return Reach(Verdict.NO, _("the certificate expired {time} ago").format(time=ago), cure)


def _states(seen: Seen) -> tuple[State, ...]:
    return () if isinstance(seen.states, NoAnswer) else seen.states


def _url(site: Site, plan: Plan) -> str:
    """Where it is asked for; certificates from elsewhere are for names alone."""
    return plan.base_url if site.certificates.source is not Source.OWN else plan.address_url


def _door(site: Site, plan: Plan, seen: Seen) -> Reach | None:
    where = _url(site, plan)
    match seen.answer:
        case Reply(status=200):
            return None
        case Reply(status=status):
            cause = _("{url} answers {status}: HAProxy is there, Synapse is not ready behind it")
            cure = _("wait a moment; then greygate logs synapse")
            return Reach(Verdict.NO, cause.format(url=where, status=status), cure)
        case Refused() | NotTls():
            return _without_haproxy(where, occupied=isinstance(seen.answer, NotTls))
        case Distrusted(why):
            cause = _("the certificate at {url} is not one of ours: {why}")
            cure = _("see who listens there, and start again: greygate down, greygate up")
            if site.certificates.source is Source.FILES:
                cause = _("the certificate at {url} is not trusted by this machine: {why}")
                cure = _("name the full chain of a public authority, then greygate cert renew")
            if site.certificates.source is Source.ACME:
                cause = _("the certificate at {url} is not trusted by this machine: {why}")
                cure = _("see whose it is, and when the next is ordered: greygate cert list")
            return Reach(Verdict.NO, cause.format(url=where, why=why), cure)
        case NoAnswer(why):
            cause = _("no answer from {url}: {why}").format(url=where, why=why)
            return Reach(Verdict.UNKNOWN, cause, _("greygate logs haproxy"))


def _without_haproxy(where: str, *, occupied: bool) -> Reach:
    if occupied:
        cause = _("something else listens at {url}: it does not speak TLS").format(url=where)
        return Reach(Verdict.NO, cause, HOLDER)
    cause = _("nothing listens at {url}").format(url=where)
    return Reach(Verdict.NO, cause, _("greygate logs haproxy"))


def _barred(plan: Plan, seen: Seen, purpose: Purpose) -> Reach | None:
    """A filter of somebody else's on this machine: our own requests to it go over `lo`."""
    if isinstance(seen.barriers, NoAnswer):
        return None
    certain = (it for it in seen.barriers if it.certain and it.purpose is purpose)
    return next(
        (Reach(Verdict.NO, words.cause(it), words.cure(it, plan.interface)) for it in certain),
        None,
    )


def _of_people(plan: Plan, seen: PeersAnswer | None) -> PeersAnswer | None:
    """The peers without the edges: those lead nowhere but here."""
    if not isinstance(seen, Peers):
        return seen
    edges = {uri.partition("?")[0] for link in plan.followed for uri in link.peers}
    return Peers(tuple(it for it in seen.peers if it.uri.partition("?")[0] not in edges))


def _way(site: Site, plan: Plan, seen: Seen) -> Reach | None:
    """Between people's nodes and ours."""
    match _of_people(plan, seen.peers):
        case None if site.overlay.node is Node.LOOPBACK:
            return None
        case None:
            return Reach(
                Verdict.UNKNOWN,
                _("the node is on another machine, and its peers cannot be seen from here"),
                _("open the address on another machine of the overlay"),
            )
        case NoAnswer(why):
            cause = _("the Yggdrasil node does not tell its peers: {why}").format(why=why)
            return Reach(Verdict.UNKNOWN, cause, _("is it running, and may we ask it? run as root"))
        case Peers() as told if told.up:
            return None
        case Peers(peers=()):
            return Reach(
                Verdict.NO,
                _("the overlay node has no peers, so nobody can find it"),
                _(
                    'add peers = ["tls://HOST:PORT"] under [overlay] in the site file '
                    "(public ones: https://publicpeers.neilalexander.dev), then greygate apply"
                ),
            )
        case Peers(peers=all_down):
            words = "; ".join(f"{peer.uri}: {peer.complaint or _('no link')}" for peer in all_down)
            return Reach(
                Verdict.NO,
                _("no overlay peer is up ({peers})").format(peers=words),
                _("see whether this machine is online; else name other peers in the site file"),
            )
