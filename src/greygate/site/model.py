"""What the operator asked for, defaults filled in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from greygate.spec.server_name import ServerName

Address = IPv4Address | IPv6Address


class Node(Enum):
    """Whose Yggdrasil carries the overlay address."""

    MANAGED = "managed"  # we run it
    SYSTEM = "system"  # it already runs on this machine; its file is never touched
    ROUTED = "routed"  # another machine's node routes a 300::/64 here
    LOOPBACK = "loopback"  # no overlay at all: for trying Greygate without privileges


class Layout(Enum):
    """What the server name itself resolves to on the clearnet."""

    NONE = "none"
    OVERLAY = "overlay"
    CLEARNET = "clearnet"


@dataclass(frozen=True, slots=True, order=True)
class Opening:
    """One more thing that may be reached on the overlay interface: `tcp/22`."""

    protocol: str  # "tcp" or "udp"
    port: int

    def __str__(self) -> str:
        return f"{self.protocol}/{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """The overlay as this machine joins it."""

    node: Node
    address: IPv6Address | None  # None: the node's own
    peers: tuple[str, ...]  # URIs that we dial
    listen: tuple[str, ...]  # URIs on which we accept peerings
    allow: tuple[Opening, ...]
    firewall: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What people's apps connect to, and what the server name resolves to."""

    client: str
    layout: Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """Whom to turn to, as published in /.well-known/matrix/support (spec v1.10)."""

    matrix_id: str
    email: str | None
    page: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One deployment. `trial`: the name is a throw-away and nothing made in it carries over."""

    server_name: ServerName
    federation: bool
    trial: bool
    names: Names
    overlay: Overlay
    first_person: str  # localpart of the person that the first start creates
    support: Support
    accepted_doubts: tuple[str, ...] = ()  # doubts about the names that the operator has read
