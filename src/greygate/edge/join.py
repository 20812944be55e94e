"""A rented host becomes an edge, follows a newer token, and ceases to be one."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from greygate.components.component import Unit
from greygate.components.edge import ALL
from greygate.edge.following import follow, joined, plan_of, units_of
from greygate.errors import MissingProgram, Trouble
from greygate.identity import keys
from greygate.machine import accounts, packages, ports, preconditions, rights
from greygate.plan.barriers import edge_passages
from greygate.plan.edge import EdgePlan, demand_sane, demand_successor
from greygate.plan.edges import AGENT_PORT, KNOWN_PORT, PEERING_PORT
from greygate.plan.paths import Paths
from greygate.plan.token import Token, read
from greygate.probe import firewall, overlay
from greygate.probe.answers import NoAnswer, Peers
from greygate.progress import Progress
from greygate.run import filters, sandbox
from greygate.run.filters import BarriersAnswer
from greygate.run.systemd import Systemd, is_here
from greygate.run.units import unit_name
from greygate.text import _, listing

ROOM = 250_000_000  # octets: Debian's packages 90 MB, and what apt fetches for them
ROOM_TO_FOLLOW = 20_000_000  # what a newer token writes
LASTING = 1.0  # seconds
REFUSALS = 2  # of one look; a node that is about to be linked comes once for each port, and stays
FIRST_LINK = 15.0  # seconds that home is waited for; it may not run yet
_NOT_HERE = _("type it on the rented host; at home an edge is given up by: greygate edge remove ID")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """An edge that runs."""

    token: Token
    plan: EdgePlan
    changed: bool  # it was not there before, or not like this
    home_seen: bool
    barriers: BarriersAnswer  # other packet filters of this host that bar it


def join(
    text: str, paths: Paths, progress: Progress, *, chosen: tuple[int, ...] | None = None
) -> Joined:
    """Make this machine the edge that the token describes; nothing where it is that already."""
    token = demand(text, paths)
    before = joined(paths)
    plan = plan_of(token, paths, chosen=chosen)
    if not Systemd(plan, units_of(token, plan)).installed():
        _demand_ports(plan, ports.holders())
    if token.name_server and not (before and before.name_server):
        _demand_names_port(plan)
    for remark in preconditions.short_of_memory(preconditions.EDGE_MEMORY):
        progress.note(remark)
    wanted = [it for each in ALL for it in each.packages(token)]
    packages.ensure(wanted, progress)
    for remark in packages.outdated(wanted):
        progress.note(remark)
    knot = (keys.KNOT,) if token.name_server else ()
    accounts.ensure((keys.HAPROXY, keys.YGGDRASIL, keys.AGENT, *knot))
    changes = follow(token, plan, progress, before=before)
    return Joined(
        token=token,
        plan=plan,
        changed=before is None or bool(changes),
        home_seen=_wait_for_home(token, plan, progress),
        barriers=filters.look(
            edge_passages(
                address=plan.address,
                interface=plan.interface,
                homes=token.homes,
                ports=plan.ports,
                names_port=plan.names_port if token.name_server else None,
                uplinks=firewall.uplinks(),
            )
        ),
    )


def demand(text: str, paths: Paths) -> Token:
    """The token; Trouble where this machine cannot become that edge."""
    token = read(text)
    demand_sane(token)
    _demand_possible(paths)
    demand_successor(token, joined(paths))
    return token


def leave(paths: Paths, progress: Progress) -> Token:
    """Take away the services and the token; the edge that this machine was."""
    token = joined(paths)
    if token is None:
        raise Trouble(_("cannot leave: this machine is no edge"), _NOT_HERE)
    plan = plan_of(token, paths)
    units = units_of(token, plan)
    with progress.step(_("stopping and removing the services")):
        Systemd(plan, units).remove()
    for place in (paths.rendered, paths.state / "rendered.old", paths.joined.parent):
        shutil.rmtree(place, ignore_errors=True)
    for key in (paths.overlay_key, paths.served_key):
        Path(key).unlink(missing_ok=True)
    packages.forget_sources()
    return token


def plan_here(paths: Paths) -> tuple[Token, EdgePlan, tuple[Unit, ...]]:
    """What this machine is as an edge; Trouble where it is none."""
    token = joined(paths)
    if token is None:
        raise Trouble(_("cannot go on: this machine is no edge"), _NOT_HERE)
    plan = plan_of(token, paths)
    return token, plan, units_of(token, plan)


def sees_home(plan: EdgePlan) -> bool:
    """Whether home's node peers with this one now, and means it.

    Home ends a peering at once with an edge whose key it does not know, or no longer.
    """
    match overlay.peers(str(plan.paths.overlay_admin_socket)):
        case Peers(peers=all_of_them):
            return any(peer.up and (peer.uptime or 0.0) >= LASTING for peer in all_of_them)
        case NoAnswer():
            return False


def _demand_possible(paths: Paths) -> None:
    if not is_here():
        raise MissingProgram(
            _("cannot become an edge: systemd does not run this machine"),
            _("take a host with Debian 12, Debian 13 or Ubuntu 24.04"),
        )
    if Path(paths.site_mark).exists():
        raise Trouble(
            _("cannot become an edge: this machine has the home of a server in {state}").format(
                state=paths.state
            ),
            _("an edge stands elsewhere, with a public address; take another host"),
        )
    _demand_machine(paths, new=not Path(paths.joined).exists())


def _demand_machine(paths: Paths, *, new: bool) -> None:
    """What home looks at before it installs anything, and what an edge needs besides."""
    purpose = _("become an edge")
    room = ROOM if new else ROOM_TO_FOLLOW
    preconditions.demand(paths, (paths.joined,), room=room, purpose=purpose)
    preconditions.demand_passable(paths)
    preconditions.demand_node(rights.look(), purpose)
    if new:  # else its services run
        sandbox.demand()


def _demand_ports(plan: EdgePlan, holders: Iterable[ports.Holder]) -> None:
    """Trouble where another program has a port: by whom, and how to do without."""
    # Whoever has it on one address bars all of them, which is what we need.
    wanted = (*plan.ports, AGENT_PORT, KNOWN_PORT, PEERING_PORT)
    mine = tuple((it.port, str(it)) for it in holders if it.port in wanted)
    if not mine:
        return
    taken = {port for port, _who in mine}
    free = [port for port in plan.ports if port not in taken]
    helps = bool(free) and taken <= set(plan.ports)  # our own cannot be done without
    without = _("or do without: greygate edge join --ports {ports} < token").format(
        ports=",".join(map(str, free))
    )
    raise Trouble(
        _("cannot listen: {taken}").format(
            taken=listing(
                dict.fromkeys(
                    _("port {port} is taken by {who}").format(port=port, who=who)
                    for port, who in mine
                )
            )
        ),
        _("end that program{without}").format(without=f"; {without}" if helps else ""),
    )


def _demand_names_port(plan: EdgePlan) -> None:
    """Trouble where somebody else answers DNS here; most often systemd-resolved does."""
    taken = [str(it) for it in ports.holders() if it.port == plan.names_port]
    if taken:
        raise Trouble(
            _("cannot be a name server: port {port} is taken by {who}").format(
                port=plan.names_port, who=listing(dict.fromkeys(taken))
            ),
            _(
                "systemd-resolved: DNSStubListener=no below [Resolve] in /etc/systemd/"
                "resolved.conf, and restart it; end another; or take another challenge at home"
            ),
        )


def _wait_for_home(token: Token, plan: EdgePlan, progress: Progress) -> bool:
    """Whether home is linked; Trouble where it comes, and refuses the key."""
    began = time.time()
    with progress.step(_("waiting for home to dial")):
        ends_at = time.monotonic() + FIRST_LINK
        while not sees_home(plan) and time.monotonic() < ends_at:
            time.sleep(0.25)
    if sees_home(plan):
        return True
    if greetings(token, _node_log(began)) >= REFUSALS:
        raise Trouble(
            _("cannot link to home: it refuses the key of this token, as the token is old"),
            _("make it anew at home: greygate edge token {edge} > FILE, then join with it").format(
                edge=token.edge
            ),
        )
    return False


def greetings(token: Token, log: str) -> int:
    """How often home's node has greeted ours, by the log of ours (0.5.12).

    It pins our key: where the key is another by now it hangs up at once, and comes again.
    """
    heads = tuple(f"Connected inbound: {home}@" for home in token.homes)
    return sum(any(head in line for head in heads) for line in log.splitlines())


def _node_log(since: float) -> str:
    words = ("--quiet", "--output=cat", f"--since=@{since:.0f}", f"--unit={unit_name('yggdrasil')}")
    done = subprocess.run(
        ("journalctl", *words), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.stdout.decode(errors="replace")
