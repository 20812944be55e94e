"""What must be true on this machine if the site works."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from pathlib import PurePosixPath
from types import MappingProxyType

from greygate.plan.edges import INGRESS_PORT, PEER, EdgeLink
from greygate.plan.footing import Footing
from greygate.plan.paths import Paths
from greygate.site.defaults import certified
from greygate.site.model import Address, Node, Site, Source
from greygate.spec.peering import least_backoff

CLIENT_PORT = 443  # what apps try by themselves
FEDERATION_PORT = 8448  # Matrix server-server API, "Resolving server names", step 6
TRY_OUT_PORT = 8443  # in place of 443 where nothing privileged can be had
DIALLED_WITHIN = 5  # seconds, the least that any Yggdrasil takes
INTERFACE = "greygate0"  # the managed node's TUN device
LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))


@dataclass(frozen=True, slots=True)
class Listener:
    """One port that people may reach, on every address of the plan."""

    name: str
    port: int


@dataclass(frozen=True, slots=True)
class CertificateNames:
    """What the server's certificate must cover."""

    names: tuple[str, ...]
    addresses: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class Chore:
    """A command of ours that is run again and again where no systemd does it."""

    argv: tuple[str, ...]
    environment: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Footing):
    """Everything derived from one Site for one machine."""

    addresses: tuple[Address, ...]
    listeners: tuple[Listener, ...]
    certificate: CertificateNames
    interface: str | None  # the overlay's interface, where we know it and may guard it
    base_url: str  # what an app is told to connect to
    address_url: str  # the same by address, where no name resolves
    vouched: bool  # by an authority that devices trust already
    engine: PurePosixPath  # the Synapse environment's Python
    edges: tuple[EdgeLink, ...] = ()  # none on loopback, and where the site stands alone
    former: tuple[EdgeLink, ...] = ()  # hosts that edges have left, and that are followed for now
    barred: tuple[EdgeLink, ...] = ()  # those that are not, any more: named where they still run
    peers: tuple[str, ...] = ()  # all that our node dials: the site's peers, and the edges
    ingress_port: int = INGRESS_PORT
    ordered: bool = False  # the certificate is ordered from an authority, by us
    watched: tuple[PurePosixPath, ...] = ()  # files by which another program gives a new one
    aliases: tuple[tuple[str, str], ...] = ()  # CNAMEs by which others prove a name for us
    renewal: Chore | None = None  # keeps the certificate young
    ingress_names: tuple[str, ...] = ()  # what other servers may ask for through an edge

    @property
    def ports(self) -> tuple[int, ...]:
        """All that HAProxy opens, on each of the addresses: for people, and for the edges."""
        ingress = (self.ingress_port,) if self.edges else ()
        return (*(it.port for it in self.listeners), *ingress)

    @property
    def followed(self) -> tuple[EdgeLink, ...]:
        """Every host that is linked and heard at the ingress: the edges, and those they left."""
        return (*self.edges, *self.former)


def plan_for(
    site: Site,
    *,
    paths: Paths,
    address: IPv6Address | None,
    interface: str | None,
    engine: PurePosixPath,
    accounts: bool,
    edge_keys: Mapping[str, str] = MappingProxyType({}),
    edge_labels: Mapping[str, str] = MappingProxyType({}),
    former: tuple[EdgeLink, ...] = (),
    barred: tuple[EdgeLink, ...] = (),
    aliases: tuple[tuple[str, str], ...] = (),
    node_version: tuple[int, int, int] | None = None,
) -> Plan:
    """The plan for home; `address` is the overlay address, None in `loopback`.

    `edge_keys`: the public key of each edge that has one, by the edge's id; `edge_labels`: by what
    its node is asked for. `former`: hosts that edges have left; `barred`: those whose time is over.
    `aliases`: of the names by which ours are proved, where each must lead.
    `node_version`: of the Yggdrasil that dials our edges, where it is known.
    """
    loopback = site.overlay.node is Node.LOOPBACK
    edges = () if loopback else _edges(site, edge_keys, edge_labels, version=node_version)
    former = former if edges else ()
    addresses = LOOPBACK if address is None else (address,)
    port = TRY_OUT_PORT if loopback else CLIENT_PORT
    address_url = _url(_literal(addresses[0]), port)
    vouched = site.certificates.source is not Source.OWN and not loopback
    nowhere = site.trial or loopback  # the name resolves nowhere: an app must be told the address
    return Plan(
        paths=paths,
        addresses=addresses,
        listeners=(Listener("client", port), Listener("federation", FEDERATION_PORT)),
        certificate=_certificate(site, addresses),
        interface=interface,
        base_url=address_url if nowhere else _url(site.names.client, port),
        # Nobody vouches for an address but our own authority.
        address_url=_url(site.names.client, port) if vouched else address_url,
        vouched=vouched,
        engine=engine,
        accounts=accounts,
        edges=edges,
        former=former,
        barred=barred if edges else (),
        peers=(*site.overlay.peers, *(uri for it in (*edges, *former) for uri in it.peers)),
        ordered=site.certificates.source is Source.ACME and not paths.stand_in,
        watched=() if paths.stand_in else _watched(site),
        aliases=aliases,
        ingress_names=_ingress_names(site, edges),
    )


def _watched(site: Site) -> tuple[PurePosixPath, ...]:
    chain = site.certificates.chain
    return (chain,) if site.certificates.source is Source.FILES and chain is not None else ()


def _edges(
    site: Site,
    keys: Mapping[str, str],
    labels: Mapping[str, str],
    *,
    version: tuple[int, int, int] | None,
) -> tuple[EdgeLink, ...]:
    """A newer node dials a lost edge every few seconds by itself; an older one panics of that."""
    if not site.federation:
        return ()
    often = version is not None and least_backoff(version) <= DIALLED_WITHIN
    backoff = DIALLED_WITHIN if often else None
    return tuple(
        EdgeLink(edge, keys[edge.id], labels.get(edge.id, PEER), backoff=backoff)
        for edge in site.edges
        if edge.id in keys
    )


def _ingress_names(site: Site, edges: tuple[EdgeLink, ...]) -> tuple[str, ...]:
    """Some servers ask an edge for its own name; what it answers is the same."""
    if not edges:
        return ()
    named = (site.server_name.host, *(link.edge.name for link in edges))
    return tuple(dict.fromkeys(name.lower() for name in named))


def _certificate(site: Site, addresses: tuple[Address, ...]) -> CertificateNames:
    """The names and addresses that a client may ask for; a port is no part of them."""
    literal, names = site.server_name.literal, list(certified(site))
    if site.overlay.node is Node.LOOPBACK:
        names.append("localhost")
    named = (*addresses, *((literal,) if literal else ()))
    return CertificateNames(tuple(dict.fromkeys(names)), tuple(dict.fromkeys(named)))


def _literal(address: Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


def _url(host: str, port: int) -> str:
    return f"https://{host}" if port == CLIENT_PORT else f"https://{host}:{port}"
