"""The way between home and its edges: what both must agree on."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address

from greygate.site.model import Address, Edge
from greygate.spec.yggdrasil import address_of

PUBLIC_PORTS = (443, 8448)  # of an edge; 8448 for those who ask for no SRV record

INGRESS_PORT = 18448  # home, on the overlay: sealed streams from edges, with PROXY v2
AGENT_PORT = 18450  # an edge, on the overlay: orders from home
NAMES_PORT = 53  # an edge that is a name server for challenges, on every address
KNOWN_PORT = 18452  # an edge, on the overlay: home tells it which sources are known
PEERING_PORT = 18451  # an edge, on 127.0.0.1: its Yggdrasil, behind its HAProxy
PEER = "peer"

# Sources that are known, as HAProxy keeps them at home and on an edge: one IPv4 address or one
# IPv6 site each, from which a signed request was answered within a week.
KNOWN_TABLE = "type ipv6 size 20k expire 7d"


@dataclass(frozen=True, slots=True)
class EdgeLink:
    """An edge as home knows it: home made the edge's overlay key."""

    edge: Edge
    key: str  # the public key in hexadecimal, as Yggdrasil's `?key=` wants it
    label: str = PEER
    until: int | None = None  # of a host that the edge has left: when it is barred, since 1970
    backoff: int | None = None  # seconds between two attempts at the most, where the node bears it

    @property
    def title(self) -> str:
        """What tells it from other links; an edge that moves has two for a while."""
        return self.edge.id if self.until is None else f"{self.edge.id}-old"

    @property
    def address(self) -> IPv6Address:
        """The edge's address on the overlay."""
        return address_of(bytes.fromhex(self.key))

    @property
    def sni(self) -> str:
        """By what its node is asked for at its public ports."""
        return peer_name(self.edge.name, self.label)

    @property
    def peers(self) -> tuple[str, ...]:
        """What home's node dials: every address of the edge on every port, the key pinned."""
        often = f"&maxbackoff={self.backoff}s" if self.backoff is not None else ""
        name = self.sni
        return tuple(
            f"tls://{_literal(address)}:{port}?key={self.key}&sni={name}{often}"
            for address in self.edge.addresses
            for port in PUBLIC_PORTS
        )


def peer_name(edge_name: str, label: str) -> str:
    """The SNI by which an edge's HAProxy knows its own Yggdrasil's peers; it is in no DNS.

    Whoever knows it is shown the edge's overlay key, so the label is a secret of home's and the
    edge's. `PEER` is that of edges from before there were such secrets.
    """
    return f"{label}.{edge_name}"


def _literal(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)
