"""This machine: its interfaces, their addresses, and who is connected to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import psutil

from greygate.probe.answers import NoAnswer

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True, order=True)
class Connection:
    """A TCP connection of this machine that is open; `port` is the one on our side."""

    address: Address
    port: int
    remote: Address
    remote_port: int


@dataclass(frozen=True, slots=True)
class Connections:
    """Open connections, and the TCP ports on which this machine listens."""

    established: tuple[Connection, ...]
    listening: frozenset[int]


ConnectionsAnswer = Connections | NoAnswer


def addresses() -> dict[Address, str]:
    """Every IP address of this machine, with its interface."""
    found = {}
    for interface, held in psutil.net_if_addrs().items():
        for each in held:
            address = _address(each.address)
            if address is not None:
                found[address] = interface
    return found


def interface_of(address: Address) -> str | None:
    """The interface that has the address; None where this machine does not have it."""
    return addresses().get(address)


def connections() -> ConnectionsAnswer:
    """The open TCP connections; NoAnswer where we may not look."""
    try:
        seen = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return NoAnswer("only root may look at all connections")
    return Connections(
        established=tuple(_established(seen)),
        listening=frozenset(
            each.laddr.port for each in seen if each.laddr and each.status == psutil.CONN_LISTEN
        ),
    )


def listens(address: Address, port: int) -> bool:
    """Whether a program listens there; no packet is sent, which a filter could bar."""
    everywhere = IPv4Address(0) if address.version == 4 else IPv6Address(0)
    return any(
        each.laddr.port == port and _address(each.laddr.ip) in (address, everywhere)
        for each in psutil.net_connections(kind="tcp")
        if each.laddr and each.status == psutil.CONN_LISTEN
    )


def _established(seen: Iterable[Any]) -> Iterator[Connection]:
    for each in seen:
        if each.laddr and each.raddr and each.status == psutil.CONN_ESTABLISHED:
            local, remote = _address(each.laddr.ip), _address(each.raddr.ip)
            if local is not None and remote is not None:
                yield Connection(local, each.laddr.port, remote, each.raddr.port)


def _address(text: str) -> Address | None:
    """An address without its zone; None for those of the link layer."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
