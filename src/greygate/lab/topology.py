"""The lab's world as data: which hosts there are, what is on their disks, and how they are joined.

Addresses are those set apart for documentation (RFC 5737, RFC 3849): they exist nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Host:
    """One booted machine."""

    name: str
    disk: Disk
    clone: bool = False  # has our working tree at /root/greygate
    peers: tuple[str, ...] = ()  # whom its own Yggdrasil dials, where its disk brings one


@dataclass(frozen=True, slots=True)
class End:
    """Where a link enters a host."""

    host: str
    interface: str
    addresses: tuple[IPv4Interface | IPv6Interface, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A cable between two hosts."""

    one: End
    other: End


@dataclass(frozen=True, slots=True)
class Topology:
    """A world that can be brought up."""

    name: str
    hosts: tuple[Host, ...]
    links: tuple[Link, ...]

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

PRESETS = (NEIGHBOURS,)
