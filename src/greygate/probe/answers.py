"""What probes saw: frozen values, where "nobody told us" is a case of its own."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody told us, and why; nothing follows from it about the matter itself."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSelf:
    """A Yggdrasil node of its own account."""

    version: str
    address: IPv6Address
    subnet: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peering of a node; `uri` is empty for one that came in."""

    uri: str
    up: bool
    inbound: bool
    complaint: str = ""


@dataclass(frozen=True, slots=True)
class Peers:
    """All peerings of a node."""

    peers: tuple[Peer, ...]

    @property
    def up(self) -> tuple[Peer, ...]:
        return tuple(peer for peer in self.peers if peer.up)


@dataclass(frozen=True, slots=True)
class Tun:
    """A node's interface; `name` is None where it runs without."""

    name: str | None
    mtu: int


NodeAnswer = NodeSelf | NoAnswer
PeersAnswer = Peers | NoAnswer
TunAnswer = Tun | NoAnswer


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer over a TLS connection whose certificate was verified."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """The host is there, and nothing listens."""


@dataclass(frozen=True, slots=True)
class Distrusted:
    """It speaks TLS, with a certificate that must not be trusted."""

    why: str


HttpAnswer = Reply | Refused | Distrusted | NoAnswer
