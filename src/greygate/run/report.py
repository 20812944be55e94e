"""The status of the server as lines for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from greygate.machine.disk import LOW
from greygate.plan import barriers, edge_state, orders
from greygate.plan.edge_state import EdgeState
from greygate.plan.edges import EdgeLink
from greygate.probe.answers import (
    Distrusted,
    HttpAnswer,
    NoAnswer,
    NotTls,
    Peer,
    Peers,
    Refused,
    Reply,
)
from greygate.probe.firewall import Table
from greygate.run import barrier_words
from greygate.run.edge_remarks import remarks
from greygate.run.endings import ending
from greygate.run.federation import is_silent, link_up, peerings, through
from greygate.run.judgement import stopped_here
from greygate.run.left_hosts import barred_rows, left_json, left_text
from greygate.run.seen import EdgeTold, Reach, Remark, Verdict
from greygate.run.state import Condition, State
from greygate.run.status import Status
from greygate.spec.renewal import Outlook
from greygate.text import _, aligned, duration, listing, size

CLOSE = 14 * 86400.0  # seconds before its end from which a certificate is spoken of


def to_json(status: Status) -> dict[str, Any]:
    """Fields are added, never taken away or given another meaning."""
    seen = status.seen
    return {
        "server_name": str(status.site.server_name),
        "trial": status.site.trial,
        "addresses": [
            {"address": str(address), "present": address in seen.present}
            for address in status.plan.addresses
        ],
        "url": status.plan.base_url,
        "address_url": status.plan.address_url,
        "people": _reach(status.people),
        "federation": _reach(status.federation),
        "certificate": {
            "seconds_left": status.seen.certificate_left,
            "unfit": seen.certificate_unfit
            and {"text": seen.certificate_unfit.text, "cure": seen.certificate_unfit.cure},
            "renewal": _renewal(status.seen.renewal),
        },
        "edges": [_edge(status, link) for link in status.plan.edges],
        "left_hosts": [
            *(left_json(link) for link in status.plan.former),
            *(left_json(link, barred=True) for link in status.seen.left),
        ],
        "overlay": _overlay(status),
        "firewall": _firewall(status),
        "barriers": _barriers(status),
        "disk": seen.room
        and {"at": str(seen.room.at), "free": seen.room.octets, "full": seen.room.full},
        "behind": list(status.seen.behind),
        "units": [{"text": it.text, "cure": it.cure} for it in status.seen.drift],
        "keys": [{"text": it.text, "cure": it.cure} for it in status.seen.keys],
        "files": [{"text": it.text, "cure": it.cure} for it in status.seen.files],
        "services": [_service(state) for state in _states(status)],
    }


def verdict(status: Status) -> str:
    """The matter in one line: can people reach it, and if not, what helps."""
    people = status.people
    cure = _("; next: {cure}").format(cure=people.cure) if people.cure else ""
    return f"{_word(people.verdict)}: {people.cause}{cure}"


def is_closed(status: Status) -> bool:
    """Whether the firewall is known to be in place, where there is to be one."""
    return status.seen.firewall in (None, Table.INTACT)


def is_well(status: Status) -> bool:
    """Whether people can reach it, other servers too where they are to, and nobody else."""
    federates = status.federation.verdict in (Verdict.YES, Verdict.OFF)
    return status.people.reachable and federates and is_closed(status)


def lines(status: Status) -> tuple[str, ...]:
    """Who can reach it first, the services last."""
    trial = _("  (a trial: its accounts do not carry over)") if status.site.trial else ""
    facts = aligned(
        [
            [_("people"), _told(status.people)],
            *_cures(status.people),
            [_("federation"), _told(status.federation)],
            *_cures(status.federation),
            *(row for link in status.plan.edges for row in _edge_rows(status, link)),
            *([link.title, left_text(link)] for link in status.plan.former),
            *(row for link in status.seen.left for row in barred_rows(link)),
            *_certificate_rows(status),
            *_overlay_rows(status),
            *_firewall_rows(status),
            *_barrier_rows(status),
            *_disk_rows(status),
            *_behind_rows(status),
            *_remark_rows(_("units"), status.seen.drift),
            *_remark_rows(_("files"), status.seen.files),
            *_remark_rows(_("keys"), status.seen.keys),
            *_ending_rows(status),
        ]
    )
    services = [_service_row(state, status.at) for state in _states(status)]
    table = ["", *aligned(services).splitlines()] if services else []
    return (f"{status.site.server_name}{trial}", *facts.splitlines(), *table)


def _states(status: Status) -> tuple[State, ...]:
    if isinstance(status.seen.states, NoAnswer):
        return ()
    return status.seen.states or status.seen.ended


def _told(reach: Reach) -> str:
    return f"{_word(reach.verdict)}: {reach.cause}"


def _word(verdict: Verdict) -> str:
    match verdict:
        case Verdict.YES:
            return _("reachable")
        case Verdict.NO:
            return _("NOT reachable")
        case Verdict.UNKNOWN:
            return _("not known")
        case Verdict.OFF:
            return _("off")


def _cures(reach: Reach) -> list[list[str]]:
    return [["", _("next: {cure}").format(cure=reach.cure)]] if reach.cure else []


def _edge_rows(status: Status, link: EdgeLink) -> list[list[str]]:
    """An edge is told of its own: with several, one that fails hides behind the other."""
    up, ways = link_up(link, status.seen), peerings(link, status.seen)
    if up is None:
        told = _("no link")
    else:
        count = sum(it.up for it in ways)
        told = _("link up for {time} ({up} of {all} ways)").format(
            time=duration(up), up=count, all=len(ways)
        )
    if isinstance(status.seen.peers, NoAnswer):
        told = _("link not known")
    reach = _through(status, link)
    rows = [[link.edge.id, told]]
    here = reach.cause == status.federation.cause
    if not here and (len(status.plan.edges) > 1 or reach.verdict is not status.federation.verdict):
        rows += [["", _told(reach)], *_cures(reach)]
    for remark in _remarks(status, link):
        rows += [["", remark.text], ["", _("next: {cure}").format(cure=remark.cure)]]
    return rows


def _through(status: Status, link: EdgeLink) -> Reach:
    """What stops it at home is told in place of what an edge then looks like from here."""
    stopped = stopped_here(status.site, status.plan, status.seen)
    return stopped or through(status.site, link, status.seen)


def _remarks(status: Status, link: EdgeLink) -> tuple[Remark, ...]:
    """An agent that cannot be reached is no news without a link, or while we are down ourselves."""
    if link_up(link, status.seen) is None:
        return ()
    seen = next((it for it in status.seen.edges if it.id == link.edge.id), None)
    told = None if seen is None else seen.told
    silent = told is not None and isinstance(told.state, NoAnswer)
    if silent and stopped_here(status.site, status.plan, status.seen) is not None:
        return ()
    if seen is not None and is_silent(seen):  # that is told with the federation
        return ()
    return remarks(link.edge.id, told)


def _certificate_rows(status: Status) -> list[list[str]]:
    """Not before it matters: ours are renewed long before."""
    left, renewal = status.seen.certificate_left, status.seen.renewal
    failure = None if renewal is None else renewal.failure
    rows = []
    # One that lives for days only is always close to its end, and all is well.
    if left is not None and 0 < left <= CLOSE and (renewal is None or failure is not None):
        rows.append([_("certificate"), _("expires in {time}").format(time=duration(left))])
    if renewal is not None and failure is not None:
        ago = duration(max(0.0, status.at - failure.at.timestamp()))
        told = _("not renewed {time} ago: {cause}").format(time=ago, cause=failure.cause)
        again = _("tried again at {when:%Y-%m-%d %H:%M} UTC").format(when=renewal.at)
        cure = f"{failure.cure}; {again}" if failure.cure else again
        rows.append(["" if rows else _("certificate"), told])
        rows.append(["", _("next: {cure}").format(cure=cure)])
    if (found := status.seen.certificate_unfit) is not None:
        rows.append(["" if rows else _("certificate"), found.text])
        rows.append(["", _("next: {cure}").format(cure=found.cure)])
    return rows


def _renewal(ahead: Outlook | None) -> dict[str, Any] | None:
    if ahead is None:
        return None
    failure = ahead.failure
    return {
        "at": ahead.at.isoformat(),
        "why": ahead.why.value,
        "failure": failure
        and {"at": failure.at.isoformat(), "cause": failure.cause, "cure": failure.cure},
    }


def _overlay_rows(status: Status) -> list[list[str]]:
    match status.seen.peers:
        case Peers(peers) as told:
            count = _("{up} of {all} peers up").format(up=len(told.up), all=len(peers))
            return [[_("overlay"), count], *(["", _peer(peer)] for peer in peers if not peer.up)]
        case NoAnswer() if _is_down(status):
            return []  # nothing runs, so there is nobody to ask: it is said above
        case NoAnswer(why):
            return [[_("overlay"), _("not known: {why}").format(why=why)]]
        case None:
            return []


def _firewall_rows(status: Status) -> list[list[str]]:
    match status.seen.firewall:
        case None | Table.INTACT:
            return []
        case Table.GONE:
            found = _("NOT in place: its table is gone, and strangers reach what it had closed")
        case Table.CHANGED:
            found = _("NOT in place: its rules in the kernel are not those that were loaded")
        case NoAnswer(why):
            found = _("not known: {why}").format(why=why)
    rows = [[_("firewall"), found]]
    if isinstance(status.seen.firewall, Table):
        rows.append(["", _("next: {cure}").format(cure="greygate apply")])
    return rows


def _barrier_rows(status: Status) -> list[list[str]]:
    """Those that are not the cause of what stands above."""
    if isinstance(status.seen.barriers, NoAnswer):
        why = status.seen.barriers.why
        return [[_("filters"), _("not known: {why}").format(why=why)]]
    above = (status.people.cause, status.federation.cause)
    rows: list[list[str]] = []
    for barrier in status.seen.barriers:
        if (cause := barrier_words.cause(barrier)) not in above:
            cure = barrier_words.cure(barrier, status.plan.interface)
            rows.append(["" if rows else _("filters"), cause])
            rows.append(["", _("next: {cure}").format(cure=cure)])
    return rows


def _barriers(status: Status) -> list[dict[str, Any]] | None:
    """None where they are not known."""
    found = status.seen.barriers
    if isinstance(found, NoAnswer):
        return None
    return [
        {
            **barriers.to_json(it),
            "text": barrier_words.cause(it),
            "cure": barrier_words.cure(it, status.plan.interface),
        }
        for it in found
    ]


def _firewall(status: Status) -> str | None:
    match status.seen.firewall:
        case Table() as table:
            return table.value
        case NoAnswer():
            return "unknown"
        case None:
            return None


def _behind_rows(status: Status) -> list[list[str]]:
    if not status.seen.behind:
        return []
    told = _("{names} not yet as the files in place say").format(names=listing(status.seen.behind))
    return [[_("behind"), told], ["", _("next: {cure}").format(cure="greygate apply")]]


def _remark_rows(title: str, remarks: tuple[Remark, ...]) -> list[list[str]]:
    pairs = ([["", it.text], ["", _("next: {cure}").format(cure=it.cure)]] for it in remarks)
    rows = [row for pair in pairs for row in pair]
    return [[title, rows[0][1]], *rows[1:]] if rows else []


def _disk_rows(status: Status) -> list[list[str]]:
    """Before it is full; then it is told with the people."""
    room = status.seen.room
    if room is None or room.full or room.octets >= LOW:
        return []
    told = _("{free} left in {at}").format(free=size(room.octets), at=room.at)
    cure = _("df -h {at}; journalctl --vacuum-size=100M").format(at=room.at)
    return [[_("disk"), told], ["", _("next: {cure}").format(cure=cure)]]


def _ending_rows(status: Status) -> list[list[str]]:
    """What was killed a short while ago and runs again."""
    found = [ending(it) for it in _states(status) if it.condition is Condition.UP]
    rows = [
        [["", it.what], ["", _("next: {cure}").format(cure=it.cure)]]
        for it in found
        if it is not None
    ]
    return [row for pair in rows for row in pair]


def _is_down(status: Status) -> bool:
    known = not isinstance(status.seen.states, NoAnswer)
    return known and all(state.condition is Condition.DOWN for state in _states(status))


def _peer(peer: Peer) -> str:
    return _("down: {uri}  {complaint}").format(uri=peer.uri, complaint=peer.complaint).rstrip()


def _service_row(state: State, now: float) -> list[str]:
    since = duration(max(0.0, now - state.since)) if state.since else ""
    memory = ""
    if state.memory is not None:
        kind = "" if state.memory.shared_out else _(" resident")
        memory = f"{size(state.memory.octets)}{kind}"
    return [state.name, state.condition.value, since, memory]


def _service(state: State) -> dict[str, Any]:
    return {
        "name": state.name,
        "state": state.condition.value,
        "pid": state.pid,
        "since": state.since,
        "memory": state.memory.octets if state.memory else None,
        "memory_kind": ("pss" if state.memory.shared_out else "rss") if state.memory else None,
        "words": list(state.words),
        "end": None if state.end is None else asdict(state.end),
    }


def _reach(reach: Reach) -> dict[str, str]:
    return {"reachable": reach.verdict.value, "cause": reach.cause, "cure": reach.cure}


def _edge(status: Status, link: EdgeLink) -> dict[str, Any]:
    up, reach = link_up(link, status.seen), _through(status, link)
    seen = next((it for it in status.seen.edges if it.id == link.edge.id), None)
    return {
        "id": link.edge.id,
        "name": link.edge.name,
        "address": str(link.address),
        "link_up": up is not None,
        "link_seconds": up,
        "federation": _reach(reach),
        "behind": None if seen is None else seen.behind,
        "agent": None if seen is None else agent_json(seen.told),
        "remarks": [{"text": it.text, "cure": it.cure} for it in _remarks(status, link)],
        "doors": [
            {"address": str(it.address), "port": it.port, "answers": _answer(it.answer)}
            for it in (seen.doors if seen else ())
        ],
    }


def agent_json(told: EdgeTold | None) -> dict[str, Any] | None:
    """What the edge said of itself; `error` where it said nothing, or refused."""
    match told:
        case None:
            return None
        case EdgeTold(state=EdgeState() as state):
            return {**edge_state.told(state), "ahead": round(told.ahead, 1), "twice": told.twice}
        case EdgeTold(state=NoAnswer(why)):
            return {"error": why}
        case EdgeTold(state=orders.Refused(reason) as refused):
            return {"error": orders.cause_of(refused), "reason": reason.value}
    raise AssertionError(told)


def _answer(answer: HttpAnswer) -> int | str:
    """The status of HTTP where there is one, else what was met."""
    match answer:
        case Reply(status=status):
            return status
        case Refused():
            return "refused"
        case Distrusted(why):
            return f"distrusted: {why}"
        case NotTls():
            return "not tls"
        case NoAnswer(why):
            return f"no answer: {why}"


def _overlay(status: Status) -> dict[str, Any]:
    match status.seen.peers:
        case Peers(peers):
            told = [
                {
                    "uri": peer.uri,
                    "up": peer.up,
                    "inbound": peer.inbound,
                    "complaint": peer.complaint,
                }
                for peer in peers
            ]
            return {"node": status.site.overlay.node.value, "peers": told, "unknown": None}
        case NoAnswer(why):
            return {"node": status.site.overlay.node.value, "peers": None, "unknown": why}
        case None:
            return {"node": status.site.overlay.node.value, "peers": None, "unknown": None}
