"""What becomes of packets on a line: an nft table in the backbone, whose name tells the weather.

Delay is not among it: it takes the kernel's sch_netem, and nft cannot hold packets back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from greygate.errors import Trouble, WrongUsage
from greygate.lab import links
from greygate.lab.places import Places
from greygate.lab.topology import Link, Topology
from greygate.spec.yggdrasil import OVERLAY
from greygate.text import _, listing

FROZEN_AFTER = 16 * 1024  # octets of a connection, both ways together
TABLE = re.compile(r"weather\.([a-z0-9]+)\.(.+)")


class Kind(Enum):
    """The weathers there are."""

    CLEAR = "clear"
    IPV6_BLACK_HOLE = "ipv6-black-hole"  # IPv6 is lost, and nobody is told
    OVERLAY_BLACK_HOLE = "overlay-black-hole"  # what is sent to 200::/7 is lost: nobody is told
    IPV6_NONE = "ipv6-none"  # the host has no route for IPv6 at all
    LOSS = "loss"  # some of the packets are lost, each way
    FROZEN = "frozen"  # a TCP connection ends in silence after its first 16 KB
    BLACKOUT = "blackout"  # everything is lost
    DELAY = "delay"


@dataclass(frozen=True, slots=True)
class Weather:
    """One line's weather; `percent` is for loss."""

    kind: Kind = Kind.CLEAR
    percent: int = 10

    def __str__(self) -> str:
        return f"loss-{self.percent}" if self.kind is Kind.LOSS else self.kind.value

    @property
    def rule(self) -> str:
        """What nft is to match and drop; empty where it has nothing to do."""
        match self.kind:
            case Kind.IPV6_BLACK_HOLE:
                return "meta nfproto ipv6 drop"
            case Kind.OVERLAY_BLACK_HOLE:
                return f"ip6 daddr {OVERLAY} drop"
            case Kind.LOSS:
                return f"numgen random mod 100 < {self.percent} drop"
            case Kind.FROZEN:
                return f"meta l4proto tcp ct bytes > {FROZEN_AFTER} drop"
            case Kind.BLACKOUT:
                return "drop"
            case _:
                return ""


def rules(link: str, weather: Weather) -> str:
    """The table, as nft reads it: before routing, since a router would answer for what it drops."""
    if not weather.rule:
        return f"table inet weather.{link}.{weather} {{}}\n"
    chains = (
        f"chain {name} {{ type filter hook {name} priority -150; {side} {link} {weather.rule}; }}"
        for name, side in (("prerouting", "iifname"), ("postrouting", "oifname"))
    )
    return f"table inet weather.{link}.{weather} {{ {' ; '.join(chains)} ; }}\n"


def change(places: Places, topology: Topology, name: str, weather: Weather) -> None:
    """Make it the weather of that line, instead of what it has."""
    link = _line(topology, name)
    if weather.kind is Kind.DELAY:
        raise Trouble(
            _("cannot delay packets: the lab does without sch_netem, which many kernels lack"),
            _("try another weather: {kinds}").format(kinds=listing(_kinds())),
        )
    middle = places.label(link.other.host)
    before = now(places, topology).get(name)
    lines = f"delete table inet weather.{name}.{before}\n" if before else ""
    if weather.kind is not Kind.CLEAR:
        lines += rules(name, weather)
    links.nft(middle, lines)
    _routes(places, topology, link, without_ipv6=weather.kind is Kind.IPV6_NONE)


def now(places: Places, topology: Topology) -> dict[str, str]:
    """The weather of every line that is not clear, as the kernel has it."""
    middles = dict.fromkeys(link.other.host for link in topology.links if link.name)
    tables = (it for middle in middles for it in links.tables(places.label(middle)))
    return {found[1]: found[2] for it in tables if (found := TABLE.fullmatch(it))}


def _line(topology: Topology, name: str) -> Link:
    try:
        return topology.link(name)
    except KeyError:
        named = listing([link.name for link in topology.links if link.name]) or _("none")
        raise WrongUsage(
            _("cannot change the weather of {link}: there is no such line").format(link=name),
            _("the lines are {links}").format(links=named),
        ) from None


def _routes(places: Places, topology: Topology, link: Link, *, without_ipv6: bool) -> None:
    node = next(it for it in topology.nodes if it.name == link.one.host)
    for way_out in node.ways_out:
        if ":" in way_out:
            links.default_route(places.label(node.name), way_out, there=not without_ipv6)


def _kinds() -> list[str]:
    return [kind.value for kind in Kind if kind is not Kind.DELAY]
