"""How the server is: looked at, and judged."""

from __future__ import annotations

import time
from dataclasses import dataclass

from greygate.components.component import Unit
from greygate.errors import Trouble
from greygate.machine import node
from greygate.plan.plan import Plan
from greygate.probe import host, http, overlay
from greygate.probe.answers import NoAnswer, PeersAnswer
from greygate.run import judgement
from greygate.run.runner import runner_here
from greygate.run.seen import Reach, Seen
from greygate.run.state import State
from greygate.site.model import Node, Site
from greygate.text import _

VERSIONS = "/_matrix/client/versions"  # answered to anybody who has come all the way


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The server as it was at one moment."""

    site: Site
    plan: Plan
    at: float  # seconds since 1970
    seen: Seen
    people: Reach
    federation: Reach


def look(site: Site, plan: Plan, units: tuple[Unit, ...]) -> Status:
    """Look at everything once, and say what follows."""
    seen = see(site, plan, units)
    return Status(
        site=site,
        plan=plan,
        at=time.time(),
        seen=seen,
        people=judgement.people(site, plan, seen),
        federation=judgement.federation(site),
    )


def see(site: Site, plan: Plan, units: tuple[Unit, ...]) -> Seen:
    """Look, and judge nothing."""
    first, port = plan.addresses[0], plan.listeners[0].port
    return Seen(
        states=_states(plan, units),
        present=frozenset(plan.addresses) & host.addresses().keys(),
        answer=http.get(first, port, VERSIONS, authority=plan.paths.ca),
        peers=_peers(site, plan),
    )


def _states(plan: Plan, units: tuple[Unit, ...]) -> tuple[State, ...] | NoAnswer:
    try:
        runner = runner_here(plan, units)
        return () if runner is None else runner.states()
    except Trouble as trouble:  # it ended since it was found, or systemd refuses
        return NoAnswer(trouble.what)


def _peers(site: Site, plan: Plan) -> PeersAnswer | None:
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
