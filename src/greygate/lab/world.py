"""A topology brought to life, looked at, and taken down with all that any earlier one left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greygate.errors import MissingProgram, NotRunning, WrongUsage
from greygate.lab import (
    acme,
    authority,
    base,
    clone,
    furnishing,
    groups,
    hosts,
    limits,
    links,
    mounts,
    record,
    weather,
)
from greygate.lab.locking import locked
from greygate.lab.places import Places
from greygate.lab.recipes import recipe_for
from greygate.lab.record import Record
from greygate.lab.topology import NEIGHBOURS, PRESETS, Debian, Disk, Host, Topology
from greygate.lab.weather import Weather
from greygate.machine import packages
from greygate.progress import Progress, Silent
from greygate.text import _, listing

PACKAGES = ("systemd-container", "debootstrap", "iproute2", "nftables", "git")

Disks = Mapping[Disk, tuple[Path, ...]]  # kind to its layers, topmost first


@dataclass(frozen=True, slots=True)
class Seen:
    """One host as it is now."""

    name: str
    state: str  # as `systemctl is-system-running` words it; "off" where it is not up
    leader: int | None  # its init, as this machine numbers it
    addresses: tuple[str, ...]
    weather: str = "clear"  # of the line to it, where it has one


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One lab on this machine, up or not."""

    places: Places
    environ: Mapping[str, str]
    progress: Progress = field(default_factory=Silent)
    tree: Path = clone.OURS


def up(world: World, topology: Topology = NEIGHBOURS, debian: Debian = Debian.BOOKWORM) -> None:
    """Bring the topology up; one that is up already stays, anything else is cleared first."""
    _require_root(_("bring up the lab"))
    packages.ensure(PACKAGES, world.progress)
    if limits.allow_hosts():
        world.progress.note(_("this machine allows more inotify instances now, for the hosts"))
    with locked(world.places.lock, progress=world.progress):
        if _is_up(world, Record.of(topology, debian)):
            world.progress.note(_("the lab is up already"))
            return
        disks = _disks(world, topology, debian)
        _clear(world)
        try:
            _raise(world, topology, disks)
            record.write(Record.of(topology, debian), world.places)
        except BaseException:  # Ctrl-C above all: nothing half-made stays
            _clear(world)
            raise


def down(world: World) -> bool:
    """Take down whatever there is of this lab; False where there was nothing."""
    _require_root(_("take down the lab"))
    with locked(world.places.lock, progress=world.progress):
        return _clear(world)


def status(world: World) -> tuple[Seen, ...]:
    """Every host of the topology that is up, in its order; empty where none is."""
    _require_root(_("look into the lab"))
    found = record.read(world.places)
    if not found:
        return ()
    topology = preset(found.topology)
    changed = weather.now(world.places, topology) if topology else {}
    return tuple(_see(world, name, changed) for name in found.hosts)


def preset(name: str) -> Topology | None:
    """The preset called so; a test's own topology is none."""
    return next((it for it in PRESETS if it.name == name), None)


def change_weather(world: World, line: str, wanted: Weather) -> None:
    """Make it the weather of that line of the world that is up."""
    _require_root(_("change the weather of the lab"))
    found = record.read(world.places)
    topology = preset(found.topology) if found else None
    if topology is None:
        raise NotRunning(
            _("cannot change the weather of {link}: no lab is up").format(link=line),
            _("greygate lab up internet"),
        )
    weather.change(world.places, topology, line, wanted)


def move(world: World, name: str, router: str) -> None:
    """Carry the host to the network of that router: one cable is pulled, another plugged in."""
    _require_root(_("move a host of the lab"))
    found = record.read(world.places)
    topology = preset(found.topology) if found else None
    if topology is None:
        raise NotRunning(
            _("cannot move {host}: no lab is up").format(host=name), _("greygate lab up internet")
        )
    try:
        cable = topology.cable(name, router)
    except KeyError:
        known = [f"{it.one.host} {it.other.host}" for it in topology.elsewhere]
        raise WrongUsage(
            _("cannot move {host} to {router}: no cable leads there").format(
                host=name, router=router
            ),
            _("what can be moved, and where: {moves}").format(moves=listing(known) or _("nothing")),
        ) from None
    links.move(cable, world.places)


def command_in(world: World, name: str, argv: Sequence[str]) -> tuple[str, ...]:
    """The command line that runs `argv` in the host, as root."""
    _require_root(_("run a command in the lab"))
    found = record.read(world.places)
    if found is None:
        raise NotRunning(
            _("cannot run a command in {host}: no lab is up").format(host=name),
            _("greygate lab up"),
        )
    if name not in found.hosts:
        raise WrongUsage(
            _("cannot run a command in {host}: there is no such host").format(host=name),
            _("the hosts are {hosts}").format(hosts=listing(found.hosts)),
        )
    return hosts.command_in(name, world.places, argv)


def reboot(world: World, name: str) -> None:
    """Reboot one host from inside, as its operator would, and wait until it is up again."""
    before = hosts.leader(name, world.places)
    with world.progress.step(_("rebooting {host}").format(host=name)):
        hosts.execute(name, world.places, ("systemctl", "reboot"))
        hosts.wait(name, world.places, unlike=before)


def trust_authorities(world: World, topology: Topology) -> None:
    """Have every host that is there trust the roots that ACME authorities have now."""
    for host in topology.hosts:
        if host.disk is Disk.AUTHORITY:
            for root in acme.roots(host.name, world.places):
                authority.add_root(world.places.authority, root)
    for host in topology.hosts:
        if world.places.root(host.name).exists():
            authority.trust(world.places.authority, world.places.root(host.name))


def _is_up(world: World, wanted: Record) -> bool:
    return record.read(world.places) == wanted and all(
        hosts.leader(name, world.places) is not None for name in wanted.hosts
    )


def _disks(world: World, topology: Topology, debian: Debian) -> Disks:
    builder = base.Builder(
        places=world.places, tree=world.tree, environ=world.environ, progress=world.progress
    )
    kinds = dict.fromkeys(host.disk for host in topology.hosts)
    return {
        kind: base.layers_of(recipe_for(kind, debian, tree=world.tree), builder) for kind in kinds
    }


def _raise(world: World, topology: Topology, disks: Disks) -> None:
    places = world.places
    places.hosts.mkdir(parents=True)
    mounts.memory(places.hosts)
    for node in topology.nodes:
        links.add_namespace(places.label(node.name))
    for link in topology.links:
        links.connect(link, places)
    for node in topology.nodes:
        links.route(node, places)
    if topology.resolver:
        authority.make(places.authority)
    # An ACME authority makes its roots when it starts, and the others trust them from their boot.
    first = [host for host in topology.hosts if host.disk is Disk.AUTHORITY]
    if first:
        _boot(world, topology, disks, first)
        trust_authorities(world, topology)
    _boot(world, topology, disks, [host for host in topology.hosts if host not in first])


def _boot(world: World, topology: Topology, disks: Disks, wanted: Sequence[Host]) -> None:
    places = world.places
    for host in wanted:
        hosts.prepare(host.name, places, disks[host.disk])
        furnishing.furnish(host, topology, places, tree=world.tree)
    names = [host.name for host in wanted]
    with world.progress.step(_("booting {hosts}").format(hosts=listing(names))):
        for name in names:
            hosts.power_on(name, places)
        for name in names:
            hosts.wait(name, places)


def _clear(world: World) -> bool:
    """End, unmount and remove everything of this lab that the kernel knows; True if any."""
    places = world.places
    alive = groups.children(places.group)
    spaces = links.namespaces(f"{places.group}-")
    if not (alive or spaces or places.run.exists()):
        return False
    if alive:
        with world.progress.step(_("powering off {hosts}").format(hosts=listing(alive))):
            hosts.power_off(alive, places)
    groups.remove(places.group)
    for name in spaces:
        links.remove_namespace(name)
    mounts.clear(places.run)
    mounts.clear_exports(f"{places.group}-")
    shutil.rmtree(places.run, ignore_errors=True)
    return True


def _see(world: World, name: str, changed: Mapping[str, str]) -> Seen:
    init = hosts.leader(name, world.places)
    state = hosts.state_of(name, world.places)
    addresses = links.addresses(world.places.label(name))
    return Seen(name, state, init, addresses, changed.get(name, "clear"))


def _require_root(act: str) -> None:
    if os.geteuid() != 0:
        raise MissingProgram(
            _("cannot {act}: its hosts are booted machines, which needs root").format(act=act),
            _("run it as root: sudo ./greygate lab ..."),
        )
