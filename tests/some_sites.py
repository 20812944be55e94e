"""A handful of sites with their plans: one per way of having an overlay address."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePosixPath
from types import MappingProxyType

from greygate.plan.paths import Paths
from greygate.plan.plan import INTERFACE, Plan, plan_for
from greygate.site.model import (
    Certificates,
    Edge,
    Layout,
    Names,
    Node,
    Opening,
    Overlay,
    Site,
    Source,
    Support,
)
from greygate.spec.server_name import ServerName

ADDRESS = IPv6Address("200:dae5:dc65:9fd5:cd74:3720:7a2e:dd3c")
BEHIND_A_NODE = IPv6Address("300:dae5:dc65:9fd5::12")
PEERS = ("tls://192.0.2.10:8443?key=" + "5c" * 32, "quic://[2001:db8::10]:443")
EDGE = Edge(
    id="edge1",
    name="edge.other.example",
    addresses=(IPv4Address("192.0.2.10"), IPv6Address("2001:db8::10")),
)
EDGE_KEY = "ab" * 32
ENGINE = PurePosixPath("/var/lib/greygate/engines/1/bin/python")


def site(
    node: Node,
    *,
    name: str = "twinkle.example",
    federation: bool = False,
    trial: bool = False,
    peers: tuple[str, ...] = PEERS,
    listen: tuple[str, ...] = (),
    allow: tuple[Opening, ...] = (Opening("tcp", 22),),
    firewall: bool = True,
    layout: Layout = Layout.NONE,
) -> Site:
    return Site(
        server_name=ServerName.parse(name),
        federation=federation,
        trial=trial,
        names=Names(client=f"m.{name}", layout=layout),
        overlay=Overlay(
            node=node, address=None, peers=peers, listen=listen, allow=allow, firewall=firewall
        ),
        first_person="alice",
        support=Support(matrix_id=f"@alice:{name}", email="alice@other.example", page=None),
    )


def plan(
    site: Site,
    *,
    paths: Paths | None = None,
    address: IPv6Address | None = ADDRESS,
    interface: str | None = None,
    engine: PurePosixPath = ENGINE,
    edge_keys: Mapping[str, str] = MappingProxyType({}),
    node_version: tuple[int, int, int] | None = None,
) -> Plan:
    usual = Paths.below(PurePosixPath("/var/lib/greygate"), PurePosixPath("/run/greygate"))
    return plan_for(
        site,
        paths=paths or usual,
        address=address,
        interface=interface,
        engine=engine,
        accounts=address is not None,
        edge_keys=edge_keys,
        node_version=node_version,
    )


def managed() -> tuple[Site, Plan]:
    it = site(Node.MANAGED, federation=True, listen=("tls://[::]:18000",))
    return it, plan(it, interface=INTERFACE)


def federating(layout: Layout = Layout.NONE) -> tuple[Site, Plan]:
    """One that other servers reach through an edge."""
    folder = PurePosixPath("/etc/ssl/twinkle")
    it = replace(
        site(Node.MANAGED, federation=True, layout=layout),
        edges=(EDGE,),
        certificates=Certificates(
            source=Source.FILES,
            chain=folder / "chain.pem",
            key=folder / "key.pem",
            issuer="letsencrypt.org",
            account="https://acme.example/acct/1",
        ),
    )
    return it, plan(it, interface=INTERFACE, edge_keys={EDGE.id: EDGE_KEY})


def trial() -> tuple[Site, Plan]:
    it = site(Node.MANAGED, name="fern-otter.internal", trial=True)
    return it, plan(it, interface=INTERFACE)


def system() -> tuple[Site, Plan]:
    it = site(Node.SYSTEM, allow=(Opening("tcp", 22), Opening("udp", 60001)))
    return it, plan(it, interface="tun0")


def routed() -> tuple[Site, Plan]:
    it = site(Node.ROUTED, peers=())
    return it, plan(it, address=BEHIND_A_NODE)


def loopback() -> tuple[Site, Plan]:
    it = site(Node.LOOPBACK, peers=(), firewall=False)
    paths = Paths.below(
        PurePosixPath("/home/a person/.local/share/greygate"),
        PurePosixPath("/run/user/1000/greygate"),
    )
    return it, plan(it, paths=paths, address=None)


Make = Callable[[], tuple[Site, Plan]]

SITES: dict[str, Make] = {
    "managed": managed,
    "federating": federating,
    "trial": trial,
    "system": system,
    "routed": routed,
    "loopback": loopback,
}
