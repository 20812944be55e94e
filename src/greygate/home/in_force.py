"""What is in force, kept beside what follows from it: looking and stopping must not need more.

A site file may have mistakes, or be gone, and this machine's own Yggdrasil may be down: just then
one wants to see how the server is, or to stop it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from pathlib import Path

from greygate.errors import SiteRefused, Trouble, WrongUsage
from greygate.home import choice
from greygate.home.half import Home, demand_claimed, derive
from greygate.home.place import Place
from greygate.identity.keys import AnotherServers, UnusableKey
from greygate.machine import files
from greygate.machine.files import Owner
from greygate.machine.node import NEW, Found
from greygate.plan.paths import Paths
from greygate.site import load
from greygate.site.model import Node
from greygate.site.parse import parse

FILE = "in-force.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A site as it was brought into force."""

    source: Path
    text: str  # of the site file
    node: Found | None  # this machine's own, where it carries the address
    overlay: IPv6Address | None  # of our own node; None also where an earlier version kept it


@dataclass(frozen=True, slots=True)
class Running:
    """The home half of what runs; `instead`: why it is not what the site file says."""

    home: Home
    instead: Trouble | None = None


def keep(home: Home) -> None:
    """Remember it, root only: a peer's password may be in it."""
    system = home.site.overlay.node is Node.SYSTEM
    told = {
        "source": str(home.source.absolute()),
        "site": load.read(home.source),
        "address": str(home.plan.addresses[0]) if system else None,
        "overlay": None if home.plan.interface is None else str(home.plan.addresses[0]),
        "interface": home.plan.interface if system else None,
    }
    path = home.place.paths.state / FILE
    files.replace(path, json.dumps(told).encode(), owner=Owner.ourselves(), mode=0o600)


def found(place: Place, source: Path | None) -> Running | None:
    """What runs here, by the site file or else as it was kept; None where there is neither."""
    kept = _kept(place.paths)
    if source is None and kept is None:
        return None
    try:
        return Running(_derived(place, source or _source(kept), kept))
    except (SiteRefused, WrongUsage, AnotherServers, UnusableKey) as trouble:
        if kept is None:
            raise
        return Running(_derived(place, kept.source, kept, text=kept.text, keyless=True), trouble)


def _source(kept: Kept | None) -> Path:
    assert kept is not None, "one of the two is there"
    return kept.source


def _derived(
    place: Place,
    source: Path,
    kept: Kept | None,
    *,
    text: str | None = None,
    keyless: bool = False,
) -> Home:
    """`keyless`: by the address that was kept, as the key that tells it may be lost."""
    site = load.load(source) if text is None else parse(text, str(source))
    demand_claimed(place, site)
    if keyless and kept is not None and site.overlay.node is Node.MANAGED:
        site = replace(site, overlay=replace(site.overlay, address=kept.overlay))
    standing = choice.look()
    if standing.node is None and kept is not None:
        standing = replace(standing, node=kept.node)
    return derive(source, site, place, standing)


def _kept(paths: Paths) -> Kept | None:
    """Nothing where nothing was kept, or we may not read it."""
    try:
        told = json.loads(Path(paths.state / FILE).read_text("utf-8"))
        node = _node(told["address"], told["interface"])
        overlay = told.get("overlay")
        return Kept(
            source=Path(told["source"]),
            text=str(told["site"]),
            node=node,
            overlay=None if overlay is None else IPv6Address(overlay),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _node(address: str | None, interface: str | None) -> Found | None:
    if address is None:
        return None
    return Found(version=NEW, address=IPv6Address(address), interface=interface, admin=None)
