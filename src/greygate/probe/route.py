"""Whether this machine has a way to addresses of the overlay: asked of the kernel, nothing is sent.

A datagram socket that is connected sends nothing, and has the kernel look up rules and routes.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from greygate.probe.host import interface_of
from greygate.text import _

DISCARD = 9  # a port; none is sent to
# The first halves: of nodes (200::/8) and of networks behind nodes (300::/8).
RANGE = (IPv6Address("200::1"), IPv6Address("300::1"))


@dataclass(frozen=True, slots=True)
class Unrouted:
    """An address of the overlay to which this machine sends nothing from its own, and why."""

    destination: IPv6Address
    why: str


def unrouted(source: IPv6Address, destinations: Iterable[IPv6Address]) -> tuple[Unrouted, ...]:
    """Those of `destinations` that `source` cannot send to by its own interface."""
    interface = interface_of(source)
    if interface is None:
        return ()
    found = ((it, _obstacle(source, interface, it)) for it in destinations)
    return tuple(Unrouted(it, why) for it, why in found if why is not None)


def _obstacle(source: IPv6Address, interface: str, destination: IPv6Address) -> str | None:
    """What an answer from `source` meets, then where the kernel sends what is new."""
    try:
        _source_towards(destination, source)
        chosen = interface_of(_source_towards(destination, None))
    except OSError as problem:
        return _dropped(problem.errno) or problem.strerror or str(problem)
    if chosen == interface:
        return None
    return _("its route leads through {interface}").format(interface=chosen)


def _dropped(error: int | None) -> str | None:
    """A blackhole, whose error would be read as a mistake of ours; the other kinds tell enough."""
    return _("a route or rule drops it (blackhole)") if error == errno.EINVAL else None


def _source_towards(destination: IPv6Address, source: IPv6Address | None) -> IPv6Address:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as datagrams:
        if source is not None:
            datagrams.bind((str(source), 0))
        datagrams.connect((str(destination), DISCARD))
        address = ip_address(datagrams.getsockname()[0].partition("%")[0])
        assert isinstance(address, IPv6Address), "the socket has no other"
        return address
