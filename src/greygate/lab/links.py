"""Network namespaces and the veth pairs between them, by iproute2.

Not by pyroute2: it enters namespaces in a fork of the whole program and ends that with SIGTERM
(0.9.7). Where SIGTERM or Ctrl-C is an exception, as with us, the fork unwinds through our own
tidying up, and takes down the lab that is being raised (happened).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

from greygate.errors import Trouble
from greygate.lab.places import Places
from greygate.lab.topology import End, Host, Link, Router
from greygate.text import _

NAMED = Path("/run/netns")  # ip-netns(8)
FORWARDING = (
    *("ipv4/ip_forward", "ipv6/conf/all/forwarding"),
    "netfilter/nf_conntrack_acct",  # or nobody counts the octets of a connection
)
# As a router at home does: whatever goes out has its address, nothing comes in that was not asked.
MASQUERADE = """
table ip home {{
    chain out {{ type nat hook postrouting priority srcnat; oifname {wan} masquerade; }}
    chain through {{
        type filter hook forward priority filter; policy drop;
        iifname != {wan} accept
        ct state established,related accept
    }}
}}
"""


def add_namespace(name: str) -> None:
    """Make the namespace, with its loopback up."""
    _ip("netns", "add", name)
    _ip("-n", name, "link", "set", "lo", "up")


def remove_namespace(name: str) -> None:
    """Remove the namespace; its interfaces go with the last process in it."""
    _ip("netns", "delete", name)


def namespaces(prefix: str) -> tuple[str, ...]:
    """The namespaces there are whose name begins so."""
    return tuple(sorted(path.name for path in NAMED.glob(f"{prefix}*")))


def connect(link: Link, places: Places) -> None:
    """Lay the cable: one veth pair, made inside the namespaces, never seen outside of them."""
    here, there = (
        ("name", end.interface, "netns", places.label(end.host)) for end in (link.one, link.other)
    )
    _ip("link", "add", *here, "type", "veth", "peer", *there)
    for end in (link.one, link.other):
        _furnish(end, places)


def move(cable: Link, places: Places) -> None:
    """Pull the cable out of the interface of the host, with its routes, and plug this one in."""
    label = places.label(cable.one.host)
    _ip("-n", label, "link", "delete", cable.one.interface)
    connect(cable, places)
    for address in cable.other.addresses:
        default_route(label, str(address.ip), there=True)


def route(node: Host | Router, places: Places) -> None:
    """Give the node its default routes; a router forwards, and may hide what is behind it."""
    label = places.label(node.name)
    for way_out in node.ways_out:
        default_route(label, way_out, there=True)
    if isinstance(node, Router):
        for setting in FORWARDING:
            inside(label, ("sh", "-c", f"echo 1 >/proc/sys/net/{setting}"))
        if node.hides_behind:
            nft(label, MASQUERADE.format(wan=node.hides_behind))


def default_route(name: str, way_out: str, *, there: bool) -> None:
    """Have the namespace send what is not on its cables to `way_out`, or no more."""
    family = "-6" if ":" in way_out else "-4"
    if there:
        _ip("-n", name, family, "route", "replace", "default", "via", way_out)
    elif _ip("-n", name, family, "route", "show", "default"):
        _ip("-n", name, family, "route", "delete", "default")


def nft(name: str, lines: str) -> None:
    """Have nft do these lines in the namespace, all or none."""
    inside(name, ("nft", "-f", "-"), given=lines)


def tables(name: str) -> tuple[str, ...]:
    """The names of the namespace's nft tables of family inet; none where it is not there."""
    if not (NAMED / name).exists():
        return ()
    listed = inside(name, ("nft", "list", "tables", "inet")).splitlines()
    return tuple(line.split()[-1] for line in listed)


def inside(name: str, argv: Sequence[str], *, given: str = "") -> str:
    """Run a program of this machine in the namespace; what it said."""
    return _said(("ip", "netns", "exec", name, *argv), given=given)


def addresses(name: str) -> tuple[str, ...]:
    """Every address in the namespace that others can reach; none where there is no namespace."""
    if not (NAMED / name).exists():
        return ()
    interfaces = json.loads(_ip("-n", name, "-json", "address", "show"))
    found = (each["local"] for it in interfaces for each in it.get("addr_info", ()))
    return tuple(
        text
        for text in found
        if not (ip_address(text).is_loopback or ip_address(text).is_link_local)
    )


def _furnish(end: End, places: Places) -> None:
    inside = ("-n", places.label(end.host))
    for address in end.addresses:
        # Usable at once: there is nobody on the cable to have the same address.
        at_once = ("nodad",) if address.version == 6 else ()
        _ip(*inside, "address", "add", str(address), "dev", end.interface, *at_once)
    _ip(*inside, "link", "set", end.interface, "up")


def _ip(*words: str) -> str:
    return _said(("ip", *words))


def _said(argv: Sequence[str], *, given: str = "") -> str:
    """What the program said; Trouble where it refused."""
    done = subprocess.run(argv, input=given, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(
            _("cannot lay the lab's network: {words}: {why}").format(
                words=" ".join(argv), why=done.stderr.strip()
            ),
            _("greygate lab down, then greygate lab up"),
        )
    return done.stdout
