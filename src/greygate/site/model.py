"""What the operator asked for, defaults filled in."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import Enum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import PurePosixPath

from greygate.spec.server_name import ServerName

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

ADMIN = "greygate-admin-"  # how the localparts of our own admins begin; they are no person
LETS_ENCRYPT = "https://acme-v02.api.letsencrypt.org/directory"


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


class Tls(Enum):
    """Who opens the TLS of what comes in through an edge."""

    SEALED = "sealed"  # home: the edge forwards it unopened


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A rented host with a public address that lets the federation in."""

    id: str  # what the operator calls it: "edge1"
    name: str  # its name in DNS, which the SRV records name
    addresses: tuple[Address, ...]  # public ones
    tls: Tls = Tls.SEALED
    priority: int = 10  # of its SRV records (RFC 2782): lower is asked first


class Editor(Enum):
    """How a zone is written."""

    MANUAL = "manual"  # a web form or a zone file, by hand
    ALFIS = "alfis"
    RFC2136 = "rfc2136"  # signed updates to its primary server
    LEXICON = "lexicon"  # its provider's interface, by dns-lexicon


class Challenge(Enum):
    """How it is proved to a certificate authority that a zone is ours (DNS-01, RFC 8555, 8.4)."""

    ACME_DNS = "acme-dns"  # a name server for challenges alone, to which a CNAME leads
    RFC2136 = "rfc2136"  # signed updates to the zone's primary server
    LEXICON = "lexicon"  # the interface of the zone's provider, by dns-lexicon
    OWN_DNS = "own-dns"  # a name server of ours on an edge, to which a CNAME leads
    MANUAL = "manual"  # somebody types the values, at every renewal


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone in DNS that holds some of our names; files hold secrets, and are 0600."""

    name: str
    editor: Editor = Editor.MANUAL
    _: KW_ONLY
    challenge: Challenge | None = None
    provider: str | None = None  # as dns-lexicon calls it; with `lexicon`
    credentials: PurePosixPath | None = None  # for the provider; with `lexicon`
    server: str | None = None  # ADDRESS[:PORT] that takes updates; with `rfc2136`
    key_file: PurePosixPath | None = None  # the TSIG key; with `rfc2136`
    acme_dns: str | None = None  # its API: "https://auth.example.org"; with `acme-dns`
    edge: str | None = None  # whose name server; with `own-dns`
    challenge_zone: str | None = None  # the zone there; with `own-dns`


class Source(Enum):
    """Where certificates come from."""

    OWN = "own"  # the site's own authority: people must be told to trust it, servers never will
    FILES = "files"  # another program keeps them
    ACME = "acme"  # a public authority, asked by us


class KeyType(Enum):
    """What kind of key a certificate has."""

    ECDSA = "ecdsa"  # P-256
    RSA = "rsa"  # 3072 bits, for programs that know nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """Where the certificate comes from, and who else may make one."""

    source: Source = Source.OWN
    chain: PurePosixPath | None = None  # PEM; with `files`
    key: PurePosixPath | None = None  # PEM; with `files`
    issuer: str | None = None  # the CA's domain in CAA records (RFC 8659): "letsencrypt.org"
    account: str | None = None  # the ACME account's URI: CAA accounturi (RFC 8657)
    email: str | None = None  # with `acme`: where the authority writes
    directory: str = LETS_ENCRYPT  # with `acme`
    key_type: KeyType = KeyType.ECDSA  # with `acme`
    profile: str | None = None  # with `acme`: one that the authority offers
    preferred_chain: str | None = None  # with `acme`: the root's common name


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
    edges: tuple[Edge, ...] = ()
    zones: tuple[Zone, ...] = ()  # as the file names them; what is in none has a usual one
    certificates: Certificates = Certificates()
    open_networks: tuple[Network, ...] = ()  # of home's own, where Synapse may go all the same
    legacy_media: bool = False  # unauthenticated media for servers older than spec v1.11
