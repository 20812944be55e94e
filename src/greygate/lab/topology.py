"""The lab's world as data: which hosts there are, what is on their disks, and how they are joined.

Addresses are those set apart for documentation (RFC 5737, RFC 3849): they exist nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import IPv4Interface, IPv6Interface


class Debian(Enum):
    """A release that hosts may run."""

    BOOKWORM = "bookworm"
    TRIXIE = "trixie"


class Disk(Enum):
    """What a host's disk holds when it boots for the first time."""

    BARE = "bare"  # a minimal Debian
    HOME = "home"  # an operator's machine, after `greygate prepare`
    FRIEND = "friend"  # a person's machine: Debian's Yggdrasil, a Matrix client
    EDGE = "edge"  # a rented machine: the clone has run, packages are there
    REMOTE = "remote"  # somebody else's Synapse behind nginx, none of our code
    NAMES = "names"  # Knot for all zones from the root down, and Unbound
    CERTBOT = "certbot"  # HOME, with certbot for whoever keeps the one he has
    AUTHORITY = "authority"  # Pebble, and Unbound for it to ask
    ACME_DNS = "acme-dns"  # a public acme-dns, by our stand-in
    OUTSIDER = "outsider"  # somebody on the clearnet: curl, openssl, nmap, Python


@dataclass(frozen=True, slots=True)
class Host:
    """One booted machine."""

    name: str
    disk: Disk
    clone: bool = False  # has our working tree at /root/greygate
    peers: tuple[str, ...] = ()  # whom its own Yggdrasil dials, where its disk brings one
    listen: tuple[str, ...] = ()  # where it waits for others'
    rooted: bool = False  # its own Yggdrasil has the lowest key, and so is the root of the tree
    ways_out: tuple[str, ...] = ()  # the addresses of its default routers
    certified: tuple[str, ...] = ()  # names that the lab's authority gives it a certificate for


@dataclass(frozen=True, slots=True)
class Router:
    """A node that only forwards: a namespace, nothing booted."""

    name: str
    ways_out: tuple[str, ...] = ()
    hides_behind: str | None = None  # the interface whose IPv4 address stands for all the rest


@dataclass(frozen=True, slots=True)
class End:
    """Where a link enters a host."""

    host: str
    interface: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A cable between two nodes. One with a name has weather, made by the router at its far end."""

    one: End
    other: End
    name: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A zone that is in the world's DNS from the start."""

    name: str
    text: str
    keyed: bool = False  # takes RFC 2136 updates: home has the key of it


@dataclass(frozen=True, slots=True)
class Topology:
    """A world that can be brought up."""

    name: str
    hosts: tuple[Host, ...]
    links: tuple[Link, ...]
    routers: tuple[Router, ...] = ()
    elsewhere: tuple[Link, ...] = ()  # cables that are not laid until a host moves to them
    resolver: str | None = None  # asked for names by all; with it comes an authority
    zones: tuple[Published, ...] = ()

    @property
    def nodes(self) -> tuple[Host | Router, ...]:
        """Everything that has a namespace; routers first, since others' ways out are theirs."""
        return self.routers + self.hosts

    def cable(self, host: str, router: str) -> Link:
        """The cable by which the host is, or would be, behind that router; KeyError: none."""
        cables = {(it.one.host, it.other.host): it for it in self.elsewhere + self.links}
        return cables[host, router]

    def without(self, *names: str) -> Topology:
        """The same world, but for these hosts and the cables to them."""
        kept = (it for it in self.links if {it.one.host, it.other.host}.isdisjoint(names))
        hosts = tuple(it for it in self.hosts if it.name not in names)
        return replace(self, hosts=hosts, links=tuple(kept))

    def link(self, name: str) -> Link:
        """The link called so; KeyError where there is none."""
        return {link.name: link for link in self.links if link.name}[name]

    def host(self, name: str) -> Host:
        """The host called so; KeyError where there is none."""
        return {host.name: host for host in self.hosts}[name]

    def ends(self, name: str) -> tuple[End, ...]:
        """Where links enter that host."""
        return tuple(
            end for link in self.links for end in (link.one, link.other) if end.host == name
        )


def _end(host: str, interface: str, *addresses: str) -> End:
    return End(host, interface, tuple(map(_address, addresses)))


def _address(text: str) -> IPv4Interface | IPv6Interface:
    return IPv6Interface(text) if ":" in text else IPv4Interface(text)


# Two machines on one cable: a server at home, and a friend who peers with it.
NEIGHBOURS = Topology(
    name="neighbours",
    hosts=(
        Host("home", Disk.HOME, clone=True),
        Host("friend", Disk.FRIEND, peers=("tls://192.0.2.1:9001",)),
    ),
    links=(
        Link(
            _end("home", "eth0", "192.0.2.1/24", "2001:db8::1/64"),
            _end("friend", "eth0", "192.0.2.2/24", "2001:db8::2/64"),
        ),
    ),
)

BACKBONE = "backbone"


def _line(host: str, name: str, router: str, *others: str, at: str = "eth0") -> Link:
    """A rented or a home line: `router` names the backbone's addresses, `others` the host's."""
    return Link(_end(host, at, *others), _end(BACKBONE, name, *router.split()), name)


PEER = "tls://198.51.100.10:9001"

# A server at home behind a router, an edge it can rent and a spare one, somebody else's server,
# people; and a cafe whose network home can be carried to.
INTERNET = Topology(
    name="internet",
    hosts=(
        Host("names", Disk.NAMES, ways_out=("203.0.113.49", "2001:db8:53::1")),
        Host(
            "home",
            Disk.HOME,
            clone=True,
            ways_out=("192.168.50.1",),
            certified=("twinkle.example", "*.twinkle.example"),
        ),
        Host("edge", Disk.EDGE, clone=True, ways_out=("203.0.113.9", "2001:db8:10::1")),
        Host("spare", Disk.EDGE, clone=True, ways_out=("203.0.113.13", "2001:db8:14::1")),
        Host(
            "remote",
            Disk.REMOTE,
            ways_out=("203.0.113.29", "2001:db8:30::1"),
            certified=("remote.example", "*.remote.example"),
        ),
        Host("friend", Disk.FRIEND, peers=(PEER,), ways_out=("198.51.100.1", "2001:db8:100::1")),
        # The root, as some public peer is for everybody outside. With 0.5.12, where the root's own
        # node restarts and its children are back within the second, they keep places in the tree
        # that are gone, and packets went astray for up to 4 minutes: nobody restarts this one.
        Host(
            "peer",
            Disk.FRIEND,
            listen=("tls://[::]:9001",),
            rooted=True,
            ways_out=("198.51.100.9",),
        ),
        Host("outsider", Disk.OUTSIDER, ways_out=("198.51.100.5", "2001:db8:105::1")),
    ),
    routers=(
        Router(BACKBONE),
        Router("router", ways_out=("203.0.113.21",), hides_behind="wan"),
        Router("cafe", ways_out=("203.0.113.25",), hides_behind="wan"),
    ),
    links=(
        Link(_end("home", "eth0", "192.168.50.2/24"), _end("router", "lan", "192.168.50.1/24")),
        _line("router", "home", "203.0.113.21/30", "203.0.113.22/30", at="wan"),
        _line("cafe", "cafe", "203.0.113.25/30", "203.0.113.26/30", at="wan"),
        _line(
            *("names", "names", "203.0.113.49/29 2001:db8:53::1/64"),
            *("203.0.113.53/29", "203.0.113.54/29", "2001:db8:53::53/64", "2001:db8:53::54/64"),
        ),
        _line(
            *("edge", "edge", "203.0.113.9/30 2001:db8:10::1/64"),
            *("203.0.113.10/30", "2001:db8:10::2/64"),
        ),
        _line(
            *("spare", "spare", "203.0.113.13/30 2001:db8:14::1/64"),
            *("203.0.113.14/30", "2001:db8:14::2/64"),
        ),
        _line(
            *("remote", "remote", "203.0.113.29/30 2001:db8:30::1/64"),
            *("203.0.113.30/30", "2001:db8:30::2/64"),
        ),
        _line(
            *("friend", "friend", "198.51.100.1/30 2001:db8:100::1/64"),
            *("198.51.100.2/30", "2001:db8:100::2/64"),
        ),
        _line("peer", "peer", "198.51.100.9/30", "198.51.100.10/30"),
        _line(
            *("outsider", "outsider", "198.51.100.5/30 2001:db8:105::1/64"),
            *("198.51.100.6/30", "2001:db8:105::2/64"),
        ),
    ),
    elsewhere=(
        Link(_end("home", "eth0", "192.168.60.2/24"), _end("cafe", "lan", "192.168.60.1/24")),
    ),
    resolver="203.0.113.53",
    zones=(
        Published(
            "remote.example",
            "remote.example. A 203.0.113.30\nremote.example. AAAA 2001:db8:30::2\n",
        ),
    ),
)

# The same, and whom one asks for certificates: an ACME authority, somebody's acme-dns, and a zone
# at a provider who takes signed updates.
CERTIFIED = replace(
    INTERNET,
    name="certified",
    hosts=(
        *(
            replace(host, disk=Disk.CERTBOT, certified=()) if host.name == "home" else host
            for host in INTERNET.hosts
        ),
        Host(
            "authority",
            Disk.AUTHORITY,
            ways_out=("203.0.113.65", "2001:db8:66::1"),
            certified=("acme.authority.example",),
        ),
        Host(
            "acme-dns",
            Disk.ACME_DNS,
            ways_out=("198.51.100.33", "2001:db8:134::1"),
            certified=("auth.acme-dns.example",),
        ),
    ),
    links=(
        *INTERNET.links,
        _line(
            *("authority", "authority", "203.0.113.65/30 2001:db8:66::1/64"),
            *("203.0.113.66/30", "2001:db8:66::2/64"),
        ),
        _line(
            *("acme-dns", "acme-dns", "198.51.100.33/30 2001:db8:134::1/64"),
            *("198.51.100.34/30", "2001:db8:134::2/64"),
        ),
    ),
    zones=(
        *INTERNET.zones,
        Published("authority.example", "acme A 203.0.113.66\nacme AAAA 2001:db8:66::2\n"),
        Published(
            "acme-dns.example",
            "auth NS auth\nauth A 198.51.100.34\nauth AAAA 2001:db8:134::2\n",
        ),
        Published("other.example", "edge A 203.0.113.10\n", keyed=True),
    ),
)

PRESETS = (NEIGHBOURS, INTERNET, CERTIFIED)
