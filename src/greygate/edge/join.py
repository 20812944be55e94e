"""A rented host becomes an edge, follows a newer token, and ceases to be one."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from greygate.apply import files
from greygate.apply.directories import prepare as prepare_directories
from greygate.components.component import Service, Unit
from greygate.components.edge import ALL
from greygate.errors import MissingProgram, Trouble
from greygate.identity import edge_keys, keys
from greygate.machine import accounts, packages, ports
from greygate.machine.files import Owner, directory, replace
from greygate.plan.edge import EdgePlan, demand_sane, edge_plan
from greygate.plan.edges import PUBLIC_PORTS
from greygate.plan.paths import Paths
from greygate.plan.token import Token, read, written
from greygate.probe import overlay
from greygate.probe.answers import NoAnswer, Peers
from greygate.progress import Progress
from greygate.run.ready import wait_ready
from greygate.run.runner import take_up
from greygate.run.systemd import Systemd, is_here
from greygate.text import _, listing

START = 60.0  # seconds until HAProxy and the node are up; 1 measured
FIRST_LINK = 15.0  # seconds that home is waited for; it may not run yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """An edge that runs."""

    token: Token
    plan: EdgePlan
    changed: bool  # it was not there before, or not like this
    home_seen: bool


def join(
    text: str, paths: Paths, progress: Progress, *, chosen: tuple[int, ...] | None = None
) -> Joined:
    """Make this machine the edge that the token describes; nothing where it is that already."""
    token = read(text)
    demand_sane(token)
    _demand_possible(paths)
    before = joined(paths)
    _demand_successor(token, before)
    plan = edge_plan(token, paths, ports=chosen or _ports(paths))
    units = tuple(unit for component in ALL for unit in component.units(token, plan))
    runner = Systemd(plan, units)
    if not runner.installed():
        _demand_ports(plan)
    packages.ensure([it for each in ALL for it in each.packages(token)], progress)
    accounts.ensure((keys.HAPROXY, keys.YGGDRASIL))
    _keep(token, plan)
    services = tuple(unit for unit in units if isinstance(unit, Service))
    prepare_directories(paths, services, accounts=True)
    applied = files.apply(token, plan, progress, components=ALL)
    renewed = runner.write()
    take_up(runner, units, renewed | applied.units)
    runner.start(progress)
    wait_ready(runner, units, deadline=time.monotonic() + START, progress=progress)
    return Joined(
        token=token,
        plan=plan,
        changed=before is None or bool(applied.changes),
        home_seen=_wait_for_home(plan, progress),
    )


def leave(paths: Paths, progress: Progress) -> Token:
    """Take away the services and the token; the edge that this machine was."""
    token = joined(paths)
    if token is None:
        raise Trouble(_("cannot leave: this machine is no edge"), _("greygate edge join < token"))
    plan = edge_plan(token, paths, ports=_ports(paths))
    units = tuple(unit for component in ALL for unit in component.units(token, plan))
    with progress.step(_("stopping and removing the services")):
        Systemd(plan, units).remove()
    for place in (paths.rendered, paths.state / "rendered.old", paths.joined.parent):
        shutil.rmtree(place, ignore_errors=True)
    Path(paths.overlay_key).unlink(missing_ok=True)
    packages.forget_sources()
    return token


def joined(paths: Paths) -> Token | None:
    """The token by which this machine is an edge; None where it is none."""
    try:
        return read(Path(paths.joined).read_text("utf-8"))
    except FileNotFoundError:
        return None


def plan_here(paths: Paths) -> tuple[Token, EdgePlan, tuple[Unit, ...]]:
    """What this machine is as an edge; Trouble where it is none."""
    token = joined(paths)
    if token is None:
        raise Trouble(_("cannot go on: this machine is no edge"), "greygate edge join < token")
    plan = edge_plan(token, paths, ports=_ports(paths))
    return token, plan, tuple(unit for it in ALL for unit in it.units(token, plan))


def sees_home(plan: EdgePlan) -> bool:
    """Whether home's node peers with this one now."""
    match overlay.peers(str(plan.paths.overlay_admin_socket)):
        case Peers(peers=all_of_them):
            return any(peer.up for peer in all_of_them)
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


def _demand_successor(token: Token, before: Token | None) -> None:
    """Trouble where the token does not follow the one that is here."""
    if before is None:
        return
    if (token.site, token.edge) != (before.site, before.edge):
        raise Trouble(
            _("cannot join: this machine is the edge {edge} of site {site} already").format(
                edge=before.edge, site=before.site
            ),
            _("greygate edge leave, then join again"),
        )
    if token.serial < before.serial:
        raise Trouble(
            _("cannot join: this token is older (serial {old}) than what is here ({new})").format(
                old=token.serial, new=before.serial
            ),
            _("make it anew at home: greygate edge token {edge}").format(edge=token.edge),
        )


def _ports(paths: Paths) -> tuple[int, ...]:
    """The ports that were chosen when it joined."""
    try:
        text = Path(paths.joined.with_name("ports")).read_text("utf-8")
    except FileNotFoundError:
        return PUBLIC_PORTS
    return tuple(map(int, text.split()))


def _demand_ports(plan: EdgePlan) -> None:
    """Trouble where another program has a port: by whom, and how to do without."""
    # Whoever has it on one address bars all of them, which is what we need.
    mine = tuple((it.port, str(it)) for it in ports.holders() if it.port in plan.ports)
    if not mine:
        return
    free = [port for port in plan.ports if port not in {port for port, _who in mine}]
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
        _("end that program{without}").format(without=f"; {without}" if free else ""),
    )


def _keep(token: Token, plan: EdgePlan) -> None:
    """The token, root only, and the overlay key as the node reads it."""
    paths = plan.paths
    directory(paths.state, mode=keys.TRAVERSED)
    directory(paths.keys, mode=keys.TRAVERSED)
    directory(paths.joined.parent, mode=0o700)
    ourselves = Owner.ourselves()
    replace(paths.joined, written(token).encode(), owner=ourselves, mode=0o600)
    chosen = " ".join(map(str, plan.ports)).encode()
    replace(paths.joined.with_name("ports"), chosen, owner=ourselves, mode=0o600)
    node = Owner.account(keys.YGGDRASIL)
    replace(paths.overlay_key, edge_keys.pem(token.key), owner=node, mode=0o400)


def _wait_for_home(plan: EdgePlan, progress: Progress) -> bool:
    with progress.step(_("waiting for home to dial")):
        ends_at = time.monotonic() + FIRST_LINK
        while not sees_home(plan) and time.monotonic() < ends_at:
            time.sleep(0.25)
    return sees_home(plan)
