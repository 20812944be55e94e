"""The home half on this machine: its site, its plan, and what of it runs."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv6Address, ip_address
from pathlib import Path

import greygate
from greygate.certs.known import known_aliases, with_account
from greygate.components.catalogue import ALL
from greygate.components.component import Unit
from greygate.engine.synapse import python_of
from greygate.errors import NotRunning, Trouble
from greygate.home.choice import Standing
from greygate.home.place import Place, place_for
from greygate.identity import edge_keys, former_keys, keys
from greygate.machine import node as machine_node
from greygate.plan.edges import EdgeLink
from greygate.plan.plan import INTERFACE, Chore, Plan, plan_for
from greygate.run import systemd
from greygate.run.renewal_units import renewal_words
from greygate.site import load
from greygate.site.model import Node, Site, Source
from greygate.text import _

LATELY = 30 * 86400.0  # seconds for which a host that was left is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Everything derived for this machine from one site file."""

    site: Site
    source: Path  # the site file
    place: Place
    plan: Plan
    units: tuple[Unit, ...]
    substitute: str | None  # why loopback stands in for the overlay, where it does
    cure: str | None  # what would end that


def site_file(place: Place, named: Path | None, environ: Mapping[str, str]) -> Path | None:
    """The site file that is meant; a state directory that was named keeps its own in it."""
    if named is None and place.named and not environ.get(load.VARIABLE):
        return place.trial_site if place.trial_site.exists() else None
    return load.find(named, environ, Path(place.paths.state))


def existing_site(place: Place, named: Path | None, environ: Mapping[str, str]) -> Path:
    """The site file that is meant; NotRunning where there is none yet."""
    found = site_file(place, named, environ)
    if found is None:
        demand_no_edge(place)
        raise _no_server(place)
    return found


def demand_no_edge(place: Place) -> None:
    """Trouble where this machine is an edge: what becomes a home here could be none again."""
    if place.root and Path(place.paths.joined).exists():
        raise NotRunning(
            _("cannot go on: this machine is an edge, and has no server of its own"),
            _("how it is, home tells: greygate status; to make it an ordinary host again: ")
            + "greygate edge leave",
        )


def _no_server(place: Place) -> NotRunning:
    """Nothing of this user's; a server of root's is the likely reason to look for one."""
    if not place.root and not place.named and Path(place_for({}, uid=0).paths.site_mark).exists():
        return NotRunning(
            _("cannot go on: the server of this machine is root's, and you are not root"),
            _("run it as root: sudo greygate ..."),
        )
    return NotRunning(
        _("cannot go on: there is no server here yet"),
        _("greygate up (a trial), or greygate init NAME (for keeps)"),
    )


def demand_state(place: Place) -> None:
    """Trouble where installed services have lost their state: new keys would be another server."""
    if Path(place.paths.site_mark).exists() or not systemd.keeps(place.paths.state):
        return
    raise Trouble(
        _("cannot go on: the services are installed, but their state in {state} is gone").format(
            state=place.paths.state
        ),
        _(
            "bring it back from your copy of identity.tar: greygate backup restore FILE, then "
            "greygate install. To give this server up: systemctl disable --now greygate.target, "
            "then rm {units}/greygate*"
        ).format(units=systemd.UNITS),
    )


def demand_claimed(place: Place, site: Site) -> None:
    """Trouble where the state is of no server yet, or of another one."""
    try:
        keys.demand_marked(place.paths, str(site.server_name))
    except FileNotFoundError as absent:
        demand_state(place)
        raise NotRunning(
            _("cannot go on: {name} was never started").format(name=site.server_name),
            _first_step(site),
        ) from absent


def _first_step(site: Site) -> str:
    """What makes the keys: where DNS comes first, without a start."""
    if site.federation and site.certificates.source is Source.ACME:
        return _("make its keys: greygate cert register, then greygate dns plan")
    if site.federation and site.edges:
        making = _("make its keys: greygate edge token {edge} > token, then greygate dns plan")
        return making.format(edge=site.edges[0].id)
    return "greygate up"


def derive(source: Path, site: Site, place: Place, standing: Standing) -> Home:
    """The home half for a site whose keys are there; loopback stands in where it has to."""
    site = with_account(site, place.paths)
    substitute = why_loopback(site, standing)
    if substitute is not None:
        site = on_loopback(site)
    keyed = edge_keys.public_keys(place.paths, (edge.id for edge in site.edges))
    now = time.time()
    left = tuple(_left(site, keyed, place, now=now))
    plan = plan_for(
        site,
        paths=place.paths if substitute is None else place.paths.standing_in(),
        address=_address(site, place, standing),
        interface=_interface(site, standing),
        engine=python_of(place.paths),
        accounts=place.root,
        edge_keys=keyed,
        edge_labels=edge_keys.peer_labels(place.paths, keyed),
        former=tuple(it for it in left if it.until and it.until > now),
        barred=tuple(it for it in left if it.until and it.until <= now),
        aliases=known_aliases(site, place.paths),
        node_version=node_version(site, standing) if site.federation and site.edges else None,
    )
    plan = replace(plan, renewal=_renewal(source, place, plan))
    units = tuple(unit for component in ALL for unit in component.units(site, plan))
    return Home(
        site=site,
        source=source,
        place=place,
        plan=plan,
        units=units,
        substitute=substitute,
        cure=None if substitute is None else standing.cure,
    )


def node_version(site: Site, standing: Standing) -> tuple[int, int, int] | None:
    """Of the Yggdrasil that dials for this site; None where it is not here yet, or elsewhere."""
    match site.overlay.node:
        case Node.MANAGED:
            return machine_node.installed()
        case Node.SYSTEM if standing.node is not None:
            return standing.node.version
        case _:
            return None


def _left(site: Site, keyed: Mapping[str, str], place: Place, *, now: float) -> Iterator[EdgeLink]:
    """The hosts that edges have left lately, at addresses of their own."""
    for edge in site.edges:
        taken = {str(it) for it in edge.addresses}
        for former in former_keys.load(place.paths, edge.id):
            own = [ip_address(it) for it in former.addresses if it not in taken]
            taken.update(former.addresses)
            if former.until > now - LATELY and former.key != keyed.get(edge.id) and own:
                left = replace(edge, addresses=tuple(own))
                yield EdgeLink(left, former.key, former.label, former.until)


def _renewal(source: Path, place: Place, plan: Plan) -> Chore:
    """The same program as this one, which finds this deployment wherever it is started."""
    prefix = ("-X", f"pycache_prefix={sys.pycache_prefix}") if sys.pycache_prefix else ()
    flags = ("--site", str(source), *(("--state", str(place.paths.state)) if place.named else ()))
    environment = {"PYTHONPATH": str(Path(greygate.__file__).parents[1])}
    if not place.root and not place.named:
        environment["XDG_DATA_HOME"] = str(place.paths.state.parent)
        if not place.paths.runtime.is_relative_to(place.paths.state):
            environment["XDG_RUNTIME_DIR"] = str(place.paths.runtime.parent)
    python = (sys.executable, "-P", *prefix, "-m", "greygate")
    return Chore((*python, *renewal_words(plan), *flags), tuple(environment.items()))


def why_loopback(site: Site, standing: Standing) -> str | None:
    """Why loopback must stand in for the overlay of our own node; None where it need not."""
    return standing.no_overlay if site.overlay.node is Node.MANAGED else None


def on_loopback(site: Site) -> Site:
    """The same site where there is no overlay to be had."""
    overlay = replace(site.overlay, node=Node.LOOPBACK, address=None, firewall=False)
    return replace(site, overlay=overlay)


def _address(site: Site, place: Place, standing: Standing) -> IPv6Address | None:
    match site.overlay.node:
        case Node.LOOPBACK:
            return None
        case Node.ROUTED:
            assert site.overlay.address is not None, "the parser demands it"
            return site.overlay.address
        case _:
            return site.overlay.address or own_address(site, place, standing)


def own_address(site: Site, place: Place, standing: Standing) -> IPv6Address:
    """The address that the node on this machine has by its key."""
    if site.overlay.node is Node.SYSTEM:
        return _system_address(standing)
    return keys.overlay_address(place.paths)


def _system_address(standing: Standing) -> IPv6Address:
    if standing.node is None or standing.node.address is None:
        raise Trouble(
            _("cannot tell the overlay address: no Yggdrasil answers on this machine"),
            _('start it (systemctl start yggdrasil), or let Greygate run one: node = "managed"'),
        )
    return standing.node.address


def _interface(site: Site, standing: Standing) -> str | None:
    match site.overlay.node:
        case Node.MANAGED:
            return INTERFACE
        case Node.SYSTEM:
            return standing.node.interface if standing.node else None
        case Node.ROUTED if site.overlay.address is not None:
            return standing.interfaces.get(site.overlay.address)
        case _:
            return None
