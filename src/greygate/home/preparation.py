"""All that must be there before the first service starts; each step is nothing where it is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from greygate.apply import files, outstanding
from greygate.apply.directories import prepare as prepare_directories
from greygate.certs.standing import look
from greygate.components import yggdrasil
from greygate.components.catalogue import ALL
from greygate.components.component import SOCKET_GROUPS, Service
from greygate.engine import synapse
from greygate.errors import CannotApply
from greygate.home import choice
from greygate.home.choice import Standing
from greygate.home.half import (
    Home,
    demand_claimed,
    demand_state,
    derive,
    node_version,
    own_address,
    why_loopback,
)
from greygate.home.place import Place, demand_passable, remember
from greygate.identity import archive, certificate_files, edge_keys, keys
from greygate.machine import accounts, disk, packages, preconditions
from greygate.progress import Progress
from greygate.site import load
from greygate.site.model import Node, Site
from greygate.spec.acme import Life
from greygate.spec.certificate import Due
from greygate.spec.peering import backoff_of, least_backoff
from greygate.spec.renewal import Outlook
from greygate.text import _

ROOM = 20_000_000  # octets; a new server's state has 5 MB without its engine, 15 with its journals


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A home half that can be started."""

    home: Home
    kept_anew: bool  # identity.tar was written: the operator must take a copy
    new_authority: Due | None  # why people must trust the authority anew


def demand_room(place: Place) -> None:
    """Trouble where the disk has no room for what a server writes at its start."""
    room = disk.room(place.paths.state)
    if room.octets < ROOM:
        disk.demand(room, ROOM, purpose=_("run the server"))


def provide(place: Place, site: Site, progress: Progress) -> None:
    """Bring packages, accounts and the engine; make nothing of this site's own."""
    wanted = dict.fromkeys(name for component in ALL for name in component.packages(site))
    packages.ensure(tuple(wanted), progress)
    for remark in packages.outdated(tuple(wanted)):
        progress.note(remark)
    if place.root:
        accounts.ensure(keys.ACCOUNTS, SOCKET_GROUPS)
    synapse.ensure(place.paths, progress)


def found(source: Path, place: Place, standing: Standing) -> Home:
    """The home half of a site file, its keys made where they are not there yet."""
    site = load.load(source)
    choice.check_node(site.overlay.node, standing)
    demand_passable(place)
    demand_state(place)
    keys.claim(place.paths, str(site.server_name))
    if place.root:
        accounts.ensure(keys.ACCOUNTS, SOCKET_GROUPS)
    keys.ensure_keys(place.paths, accounts=place.root)
    if site.overlay.node in (Node.MANAGED, Node.SYSTEM) and why_loopback(site, standing) is None:
        choice.check_address(site.overlay.address, own_address(site, place, standing), standing)
    if site.federation:
        edge_keys.ensure(place.paths, (edge.id for edge in site.edges))
    return derive(source, site, place, standing)


def prepare(
    source: Path, place: Place, progress: Progress, *, standing: Standing, overwrite: bool = False
) -> Prepared:
    """Everything in place for this site, rendered and proved; nothing is started."""
    now = datetime.now(UTC)
    written = (source, place.paths.site_mark, place.paths.certificate)
    preconditions.demand(place.paths, written, room=ROOM, purpose=_("run the server"))
    for remark in preconditions.short_of_memory(preconditions.HOME_MEMORY):
        progress.note(remark)
    home = found(source, place, standing)
    provide(place, home.site, progress)
    home = derive(source, load.load(source), place, standing)  # with what was installed just now
    _demand_backoffs(home, standing)
    remember(place.paths)
    paths, plan = home.plan.paths, home.plan
    ordered = _order_first(home, progress, now)
    certified = certificate_files.ensure_certificate(
        home.site.certificates, paths, plan.certificate, accounts=plan.accounts, now=now
    )
    if certified.renewed or ordered:
        outstanding.add(Path(paths.rendered), {"haproxy"})
    services = tuple(unit for unit in home.units if isinstance(unit, Service))
    prepare_directories(paths, services, accounts=plan.accounts)
    files.apply(home.site, plan, progress, components=ALL, overwrite=overwrite)
    kept_anew = home.substitute is None and archive.ensure_archive(paths, site=load.read(source))
    return Prepared(
        home=home,
        kept_anew=kept_anew,
        new_authority=certified.new_authority,
    )


def _demand_backoffs(home: Home, standing: Standing) -> None:
    """Trouble where a peer of the site file would have the node panic: older ones bear less."""
    found = {uri: seconds for uri in home.site.overlay.peers if (seconds := backoff_of(uri))}
    version = node_version(home.site, standing) if found else None
    if version is None:
        return
    least = least_backoff(version)
    for uri in (uri for uri, seconds in found.items() if seconds < least):
        what = _("cannot dial {uri}: before Yggdrasil 0.5.13 maxbackoff is {least:.0f}s at least")
        cure = _("write maxbackoff={least:.0f}s there, under [overlay] in {file}")
        raise CannotApply(
            what.format(uri=uri, least=least), cure.format(least=least, file=home.source)
        )


def demand_overlay_stays(home: Home) -> None:
    """Trouble where loopback would stand in for the overlay that the server is on now."""
    if home.substitute is None or not Path(home.plan.paths.rendered / yggdrasil.CONFIG).exists():
        return
    raise CannotApply(
        _("cannot apply: it would take {name} off the overlay: {why}").format(
            name=home.site.server_name, why=home.substitute
        ),
        home.cure or _("see what this machine lacks: greygate up"),
    )


def _order_first(home: Home, progress: Progress, now: datetime) -> bool:
    """Before a start there is a certificate, be it an old one; True where one was ordered."""
    if not home.plan.ordered:
        return False
    ahead = look(home.site, home.plan.paths, now=now)
    if ahead.life in (Life.SERVING, Life.LATE):
        note_other_certificate(ahead, home.site.certificates.directory, progress)
        return False
    from greygate.home import certificates  # slow to import, and seldom needed here

    return certificates.first(home, progress)


def note_other_certificate(ahead: Outlook, authority: str, progress: Progress) -> None:
    """Say that what serves is not what the site file asks for, and until when."""
    said = {
        Due.OTHER_ISSUER: _("the certificate in place does not come from {authority}"),
        Due.OTHER_NAMES: _("the certificate in place covers other names"),
    }
    if ahead.why in said:
        progress.note(
            _("{what}: the hourly renewal replaces it; to do it now: greygate cert issue").format(
                what=said[ahead.why].format(authority=authority)
            )
        )


def as_it_stands(source: Path, place: Place) -> Home:
    """The home half of a site whose keys are there; nothing is made."""
    site = load.load(source)
    demand_claimed(place, site)
    return derive(source, site, place, choice.look())
