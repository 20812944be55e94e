"""Home halves without a machine: what it is like is told, not looked at."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv6Address
from pathlib import Path

from greygate.components.catalogue import ALL
from greygate.home.choice import Standing
from greygate.home.half import Home
from greygate.home.place import Place, place_for
from greygate.machine.node import Found, Version
from greygate.machine.rights import Rights, Tun, TunMissing, TunUsable
from greygate.plan.paths import Paths
from greygate.plan.plan import Plan
from greygate.site.model import Address, Site

NO_TUN = TunMissing("there is no /dev/net/tun", "mknod /dev/net/tun c 10 200")
ITS_ADDRESS = IPv6Address("201:1111:2222:3333:4444:5555:6666:7777")


def standing(
    *,
    tun: Tun | None = None,
    node: Found | None = None,
    interfaces: Mapping[Address, str] | None = None,
) -> Standing:
    return Standing(
        rights=Rights(root=True, tun=tun or TunUsable(), ipv6_off=None),
        node=node,
        interfaces=interfaces or {},
    )


CURRENT = Version(0, 5, 12)


def node(version: Version = CURRENT, interface: str | None = "tun0") -> Found:
    return Found(version=version, address=ITS_ADDRESS, interface=interface, admin=None)


def place(state: Path, *, uid: int = 1000) -> Place:
    """A named place: all of it is below `state`."""
    return place_for({"HOME": str(state.parent)}, uid=uid, state=state)


def home(
    made: tuple[Site, Plan], *, substitute: str | None = None, cure: str | None = None
) -> Home:
    """The home half of a site and its plan."""
    site, plan = made
    return Home(
        site=site,
        source=Path("/etc/greygate/site.toml"),
        place=place_at(plan.paths),
        plan=plan,
        units=tuple(unit for component in ALL for unit in component.units(site, plan)),
        substitute=substitute,
        cure=cure,
    )


def place_at(paths: Paths) -> Place:
    site = Path("/etc/greygate/site.toml")
    return Place(paths=paths, new_site=site, trial_site=site, root=True, named=False)
