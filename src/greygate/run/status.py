"""How the server is: looked at, and judged."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv6Address
from pathlib import Path

from greygate.apply import outstanding
from greygate.certs import standing
from greygate.components.component import Task, Unit
from greygate.errors import Trouble
from greygate.identity import archive
from greygate.identity.certificate_files import served, unfit, vouched
from greygate.machine import disk, node
from greygate.plan.challenges import needs_guard
from greygate.plan.edges import PUBLIC_PORTS, EdgeLink
from greygate.plan.plan import Plan
from greygate.plan.seal import unsealed
from greygate.probe import firewall, host, http, node_key, overlay, route
from greygate.probe.answers import HttpAnswer, NoAnswer, PeersAnswer
from greygate.probe.firewall import TableAnswer
from greygate.probe.route import Unrouted
from greygate.run import file_drift, filters, judgement
from greygate.run.foreground import Foreground
from greygate.run.runner import behind, runner_here, undone
from greygate.run.seen import Door, EdgeSeen, EdgeTold, Reach, Remark, Seen
from greygate.run.state import State, services_of
from greygate.run.systemd import Systemd, is_here
from greygate.site.model import Address, Node, Site
from greygate.spec.renewal import Outlook
from greygate.text import _

VERSIONS = "/_matrix/client/versions"  # answered to anybody who has come all the way
FEDERATION = "/_matrix/federation/v1/version"  # the same for other servers

AskAgents = Callable[[], Mapping[str, EdgeTold]]
"""Asks every edge how it is; those that nobody asked are not in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The server as it was at one moment."""

    site: Site
    plan: Plan
    at: float  # seconds since 1970
    seen: Seen
    people: Reach
    federation: Reach


def look(
    site: Site,
    plan: Plan,
    units: tuple[Unit, ...],
    *,
    edges: tuple[EdgeSeen, ...] | None = None,
    agents: AskAgents = dict,
) -> Status:
    """Look at everything once, and say what follows; `edges`: as they were seen a moment ago."""
    seen = see(site, plan, units, edges=edges, agents=agents)
    return Status(
        site=site,
        plan=plan,
        at=time.time(),
        seen=seen,
        people=judgement.people(site, plan, seen),
        federation=judgement.federation(site, plan, seen),
    )


def see(
    site: Site,
    plan: Plan,
    units: tuple[Unit, ...],
    *,
    edges: tuple[EdgeSeen, ...] | None = None,
    agents: AskAgents = dict,
) -> Seen:
    """Look, and judge nothing."""
    states = _states(plan, units)
    return Seen(
        states=states,
        present=frozenset(plan.addresses) & host.addresses().keys(),
        answer=_own_door(site, plan),
        peers=peers_of(site, plan),
        edges=(through_edges(site, plan, agents) if states else ()) if edges is None else edges,
        certificate_left=_certificate_left(plan),
        keys=_keys(plan),
        certificate_unfit=_certificate_unfit(site, plan),
        renewal=_renewal(site, plan),
        ended=Foreground(plan, units).last_seen() if states == () else (),
        unsealed=_unsealed(site),
        barriers=filters.at_home(site, plan) if states else (),
        firewall=_firewall(plan, units) if states else None,
        unrouted=_unrouted(site, plan) if states else (),
        room=disk.room(plan.paths.state),
        behind=_behind(plan, units, states),
        drift=_drift(plan, units),
        files=_files(plan, units) if states else (),  # a start prepares them
        left=left_running(plan) if states and edges is None else (),
    )


def left_running(plan: Plan) -> tuple[EdgeLink, ...]:
    """The barred hosts of edges that still show their old key."""
    if not plan.barred:
        return ()
    with ThreadPoolExecutor(max_workers=len(plan.barred)) as pool:
        runs = list(pool.map(_shows_its_key, plan.barred))
    return tuple(link for link, shown in zip(plan.barred, runs, strict=True) if shown)


def _shows_its_key(link: EdgeLink) -> bool:
    return any(
        node_key.key_at(str(address), port, link.sni) == link.key
        for address in link.edge.addresses
        for port in PUBLIC_PORTS
    )


def units_behind(plan: Plan, units: tuple[Unit, ...]) -> tuple[str, ...]:
    """What runs, and not as the files in place say; nothing where nothing runs."""
    states = _states(plan, units)
    late = {*_behind(plan, units, states), *(undone(plan, units) if states else ())}
    return tuple(unit.name for unit in units if unit.name in late)


def _behind(
    plan: Plan, units: tuple[Unit, ...], states: tuple[State, ...] | NoAnswer
) -> tuple[str, ...]:
    if isinstance(states, NoAnswer) or not states:
        return ()
    late = behind(units, outstanding.load(Path(plan.paths.rendered)), states)
    return tuple(unit.name for unit in units if unit.name in late)


def _drift(plan: Plan, units: tuple[Unit, ...]) -> tuple[Remark, ...]:
    installed = Systemd(plan, units)
    try:
        return installed.drift() if is_here() and installed.installed() else ()
    except (Trouble, OSError):  # that systemd does not answer is told with the services
        return ()


def _files(plan: Plan, units: tuple[Unit, ...]) -> tuple[Remark, ...]:
    edited = file_drift.look(Path(plan.paths.rendered))
    return (*edited, *(file_drift.directories(services_of(units)) if plan.accounts else ()))


def _firewall(plan: Plan, units: tuple[Unit, ...]) -> TableAnswer | None:
    guarded = any(isinstance(unit, Task) and unit.check for unit in units)
    return firewall.table(plan.paths.firewall) if guarded else None


def _unrouted(site: Site, plan: Plan) -> tuple[Unrouted, ...]:
    """Nothing is known of it where another machine's node carries the address."""
    if site.overlay.node not in (Node.MANAGED, Node.SYSTEM):
        return ()
    source = plan.addresses[0]
    assert isinstance(source, IPv6Address), "it is a node's"
    return route.unrouted(source, (*route.RANGE, *(it.address for it in plan.followed)))


def _unsealed(site: Site) -> str | None:
    """DNS is asked only where it can undo the seal."""
    if not needs_guard(site):
        return None
    from greygate.probe.authority import guards  # slow to import, and seldom needed
    from greygate.probe.dns import Resolver

    return guards((("", Resolver()),), unsealed(site))


def through_edges(site: Site, plan: Plan, agents: AskAgents = dict) -> tuple[EdgeSeen, ...]:
    """Every public port of every edge, tried from here as another server would, all at once.

    `agents` asks the edges meanwhile how they are.
    """
    doors = [
        (link.title, address, port)
        for link in plan.followed
        for address in link.edge.addresses
        for port in PUBLIC_PORTS
    ]
    if not doors:
        return ()
    with ThreadPoolExecutor(max_workers=len(doors) + 1) as pool:
        asked = pool.submit(agents)
        answers = list(pool.map(lambda door: _through(site, door[1], door[2]), doors))
        told = asked.result()
    return tuple(
        EdgeSeen(
            link.title,
            tuple(
                Door(address, port, answer)
                for (edge, address, port), answer in zip(doors, answers, strict=True)
                if edge == link.title
            ),
            told.get(link.title),
        )
        for link in plan.followed
    )


def _through(site: Site, address: Address, port: int) -> HttpAnswer:
    """With the certificate judged as other servers do: by this machine's store."""
    return http.get(address, port, FEDERATION, authority=None, host=site.server_name.host)


def _own_door(site: Site, plan: Plan) -> HttpAnswer:
    """As people come: certificates from files are for names alone."""
    first, port = plan.addresses[0], plan.listeners[0].port
    if vouched(site.certificates, plan.paths):
        return http.get(first, port, VERSIONS, authority=None, host=site.names.client)
    return http.get(first, port, VERSIONS, authority=plan.paths.ca)


def _certificate_left(plan: Plan) -> float | None:
    covered = served(plan.paths)
    return None if covered is None else covered.ends.timestamp() - time.time()


def _keys(plan: Plan) -> tuple[Remark, ...]:
    found = archive.key_trouble(plan.paths)
    if found is None:
        return ()
    again = _("{cure}; then: greygate down && greygate up --detach").format(cure=found.hint)
    return (Remark(found.what, again),)


def _certificate_unfit(site: Site, plan: Plan) -> Remark | None:
    names = plan.certificate.names
    found = unfit(site.certificates, plan.paths, names, now=datetime.now(UTC))
    return None if found is None else Remark(found.what, found.hint)


def _renewal(site: Site, plan: Plan) -> Outlook | None:
    return standing.look(site, plan.paths, now=datetime.now(UTC)) if plan.ordered else None


def _states(plan: Plan, units: tuple[Unit, ...]) -> tuple[State, ...] | NoAnswer:
    try:
        runner = runner_here(plan, units)
        return () if runner is None else runner.states()
    except Trouble as trouble:  # it ended since it was found, or systemd refuses
        return NoAnswer(trouble.what)


def peers_of(site: Site, plan: Plan) -> PeersAnswer | None:
    """What the node tells of its peers, whoever's node it is; None where it is not asked."""
    match site.overlay.node:
        case Node.MANAGED:
            return overlay.peers(str(plan.paths.overlay_admin_socket))
        case Node.SYSTEM:
            return _system_peers()
        case _:
            return None


def _system_peers() -> PeersAnswer:
    found = node.running()
    if found is None:
        return NoAnswer(_("no Yggdrasil runs on this machine"))
    if found.admin is None:
        return NoAnswer(_("the Yggdrasil of this machine takes no requests"))
    return overlay.peers(found.admin)
