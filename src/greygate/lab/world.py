"""A topology brought to life, looked at, and taken down with all that any earlier one left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greygate.errors import MissingProgram, NotRunning, WrongUsage
from greygate.lab import base, clone, friend, groups, hosts, links, mounts, record
from greygate.lab.locking import locked
from greygate.lab.places import Places
from greygate.lab.recipes import recipe_for
from greygate.lab.record import Record
from greygate.lab.topology import NEIGHBOURS, Debian, Disk, Host, Topology
from greygate.machine import packages
from greygate.progress import Progress, Silent
from greygate.text import _, listing

PACKAGES = ("systemd-container", "debootstrap", "iproute2", "git")
CLONE = Path("root/greygate")

Disks = Mapping[Disk, tuple[Path, ...]]  # kind to its layers, topmost first


@dataclass(frozen=True, slots=True)
class Seen:
    """One host as it is now."""

    name: str
    state: str  # as `systemctl is-system-running` words it; "off" where it is not up
    leader: int | None  # its init, as this machine numbers it
    addresses: tuple[str, ...]


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
    return tuple(_see(world, name) for name in found.hosts) if found else ()


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
    for host in topology.hosts:
        links.add_namespace(places.label(host.name))
    for link in topology.links:
        links.connect(link, places)
    for host in topology.hosts:
        hosts.prepare(host.name, places, disks[host.disk])
        _furnish(world, host)
    names = [host.name for host in topology.hosts]
    with world.progress.step(_("booting {hosts}").format(hosts=listing(names))):
        for name in names:
            hosts.power_on(name, places)
        for name in names:
            hosts.wait(name, places)


def _furnish(world: World, host: Host) -> None:
    """Put on the host's own disk what only this lab has."""
    root = world.places.root(host.name)
    if host.clone:
        clone.copy_tree(world.tree, root / CLONE)
    if host.disk is Disk.FRIEND:
        friend.configure(root, host.peers)


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
    shutil.rmtree(places.run, ignore_errors=True)
    return True


def _see(world: World, name: str) -> Seen:
    init = hosts.leader(name, world.places)
    state = hosts.state_of(name, world.places)
    return Seen(name, state, init, links.addresses(world.places.label(name)))


def _require_root(act: str) -> None:
    if os.geteuid() != 0:
        raise MissingProgram(
            _("cannot {act}: its hosts are booted machines, which needs root").format(act=act),
            _("run it as root: sudo ./greygate lab ..."),
        )
