"""Network namespaces and the veth pairs between them."""

from __future__ import annotations

from ipaddress import ip_address

from pyroute2 import NetNS, netns

from greygate.lab.places import Places
from greygate.lab.topology import End, Link

LOOPBACK = 1  # the index of `lo` in every namespace
NO_DAD = 0x02  # IFA_F_NODAD: usable at once; there is nobody on the cable to collide with


def add_namespace(name: str) -> None:
    """Make the namespace, with its loopback up."""
    netns.create(name)
    with NetNS(name) as inside:
        inside.link("set", index=LOOPBACK, state="up")


def remove_namespace(name: str) -> None:
    """Remove the namespace; its interfaces go with the last process in it."""
    netns.remove(name)


def namespaces(prefix: str) -> tuple[str, ...]:
    """The namespaces there are whose name begins so."""
    return tuple(sorted(name for name in netns.listnetns() if name.startswith(prefix)))


def connect(link: Link, places: Places) -> None:
    """Lay the cable: one veth pair, made inside the namespaces, never seen outside of them."""
    here, there = places.label(link.one.host), places.label(link.other.host)
    with NetNS(here) as inside:
        inside.link(
            "add",
            ifname=link.one.interface,
            kind="veth",
            peer={"ifname": link.other.interface, "net_ns_fd": there},
        )
    for end in (link.one, link.other):
        _furnish(end, places)


def _furnish(end: End, places: Places) -> None:
    with NetNS(places.label(end.host)) as inside:
        (index,) = inside.link_lookup(ifname=end.interface)
        for address in end.addresses:
            flags = {"flags": NO_DAD} if address.version == 6 else {}
            inside.addr(
                "add",
                index=index,
                address=str(address.ip),
                prefixlen=address.network.prefixlen,
                **flags,
            )
        inside.link("set", index=index, state="up")


def addresses(name: str) -> tuple[str, ...]:
    """Every address in the namespace that others can reach; none where there is no namespace."""
    if name not in netns.listnetns():
        return ()
    with NetNS(name) as inside:
        found = inside.get_addr()
    return tuple(
        str(address)
        for address in (ip_address(message.get("IFA_ADDRESS")) for message in found)
        if not (address.is_loopback or address.is_link_local)
    )
