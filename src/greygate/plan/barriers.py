"""What of ours must pass the packet filters of a machine, and which of them bar it.

Our own table lets in what the plan says; every other table on the machine judges anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import urlsplit

from greygate.plan.edges import AGENT_PORT, INGRESS_PORT
from greygate.plan.plan import Plan
from greygate.site.model import Address, Node, Site
from greygate.spec.packet_filter import (
    OUTSIDERS,
    STRANGER,
    End,
    Packet,
    Table,
    Uplink,
    obstacles,
)

SERVERS = (443, 8448)  # where other servers are


class Purpose(Enum):
    """What a packet is for."""

    PEOPLE = "people"  # apps, over the overlay
    INGRESS = "ingress"  # what edges forward, over the overlay
    PUBLIC = "public"  # other servers, and whoever asks its name server, at an edge
    LISTEN = "listen"  # peerings that home accepts
    AGENT = "agent"  # home's commands to an edge, over the overlay
    OUT = "out"  # what this machine asks elsewhere


@dataclass(frozen=True, slots=True)
class Passage:
    """A packet that must pass, and what for."""

    purpose: Purpose
    packet: Packet


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """A filter of somebody else's that bars what must pass."""

    owner: str  # ufw, firewalld, nft, iptables-nft, iptables-legacy
    purpose: Purpose
    family: str  # of its table: inet, ip, ip6
    protocol: str
    ports: tuple[int, ...]
    outgoing: bool
    answer: bool  # what comes back is barred, not what is asked
    taken: bool  # it is not dropped, but sent elsewhere
    certain: bool
    table: str = ""
    chain: str = ""


def home_passages(site: Site, plan: Plan, uplinks: tuple[Uplink, ...]) -> Iterator[Passage]:
    """What must pass at home."""
    if site.overlay.node is Node.LOOPBACK:
        return
    address = plan.addresses[0]
    for listener in plan.listeners:
        asked = _asked(STRANGER, address, plan.interface, listener.port)
        yield from _both(Purpose.PEOPLE, asked)
    for link in plan.edges:
        asked = _asked(link.address, address, plan.interface, plan.ingress_port)
        yield from _both(Purpose.INGRESS, asked)
    if site.federation:
        yield from _elsewhere(SERVERS, uplinks)
    yield from _elsewhere(_tcp_ports(plan.peers), uplinks)
    yield from _at(_tcp_ports(site.overlay.listen), uplinks, Purpose.LISTEN)


def _tcp_ports(uris: Iterable[str]) -> tuple[int, ...]:
    """Where our node's peers listen, or where it does, on TCP."""
    parts = map(urlsplit, uris)
    return tuple(sorted({it.port for it in parts if it.port and it.scheme != "quic"}))


def edge_passages(
    *,
    address: IPv6Address,
    interface: str,
    homes: Iterable[IPv6Address],
    ports: Iterable[int],
    names_port: int | None,
    uplinks: tuple[Uplink, ...],
) -> Iterator[Passage]:
    """What must pass at an edge with that overlay address; `names_port`: of its name server."""
    yield from public_passages(ports, uplinks)
    named = () if names_port is None else (names_port,)
    for passage in _at(named, uplinks, Purpose.PUBLIC):
        yield passage
        yield replace(passage, packet=replace(passage.packet, protocol="udp"))
    for home in homes:
        for port in (AGENT_PORT, *named):
            yield from _both(Purpose.AGENT, _asked(home, address, interface, port))
        forwarded = replace(_asked(address, home, interface, INGRESS_PORT), incoming=False)
        yield from _both(Purpose.INGRESS, forwarded)


def public_passages(ports: Iterable[int], uplinks: Iterable[Uplink]) -> Iterator[Passage]:
    """What other servers send to a host."""
    return _at(ports, uplinks, Purpose.PUBLIC)


def _at(ports: Iterable[int], uplinks: Iterable[Uplink], purpose: Purpose) -> Iterator[Passage]:
    """What anybody on the clearnet sends there."""
    for uplink in uplinks:
        for port in ports:
            stranger = OUTSIDERS[uplink.address.version]
            yield from _both(purpose, _asked(stranger, uplink.address, uplink.interface, port))


def _elsewhere(ports: Iterable[int], uplinks: Iterable[Uplink]) -> Iterator[Passage]:
    for uplink in uplinks:
        for port in ports:
            stranger = OUTSIDERS[uplink.address.version]
            asked = _asked(uplink.address, stranger, uplink.interface, port)
            asked = replace(asked, incoming=False)
            yield from _both(Purpose.OUT, asked)


def _asked(source: Address, destination: Address, interface: str | None, port: int) -> Packet:
    return Packet(
        source=source, destination=destination, incoming=True, interface=interface, port=port
    )


def _both(purpose: Purpose, asked: Packet) -> Iterator[Passage]:
    yield Passage(purpose, asked)
    yield Passage(purpose, _answer(asked))


def _answer(asked: Packet) -> Packet:
    """What comes back."""
    return replace(
        asked,
        source=asked.destination,
        destination=asked.source,
        incoming=not asked.incoming,
        answer=True,
    )


def barriers(tables: Iterable[Table], passages: Iterable[Passage]) -> tuple[Barrier, ...]:
    """What bars them, each chain once for each purpose; the certain ones first."""
    found: dict[Barrier, set[int]] = {}
    listed = tuple(tables)
    for passage in passages:
        for obstacle in obstacles(listed, passage.packet):
            barrier = Barrier(
                owner=owner_of(obstacle.table),
                purpose=passage.purpose,
                family=obstacle.table.family,
                protocol=passage.packet.protocol,
                ports=(),
                outgoing=not passage.packet.incoming,
                answer=passage.packet.answer,
                taken=obstacle.end is End.TAKEN,
                certain=obstacle.certain,
                table=obstacle.table.name,
                chain=obstacle.chain,
            )
            found.setdefault(barrier, set()).add(passage.packet.port)
    told = (replace(it, ports=tuple(sorted(ports))) for it, ports in found.items())
    return tuple(sorted(told, key=lambda it: not it.certain))


def owner_of(table: Table) -> str:
    """Which program's table it is."""
    if any(name.startswith(("ufw-", "ufw6-")) for name in table.chains):
        return "ufw"
    return "firewalld" if table.name.startswith("firewalld") else table.owner


OWNERS = ("ufw", "firewalld", "nft", "iptables-nft", "iptables-legacy")
MOST_PORTS = 16
FAMILIES = ("inet", "ip", "ip6", "netdev")


def to_json(barrier: Barrier) -> dict[str, Any]:
    """For another machine: names that somebody chose are left out."""
    return {
        "owner": barrier.owner,
        "purpose": barrier.purpose.value,
        "family": barrier.family,
        "protocol": barrier.protocol,
        "ports": list(barrier.ports),
        "outgoing": barrier.outgoing,
        "answer": barrier.answer,
        "taken": barrier.taken,
        "certain": barrier.certain,
    }


def from_json(told: Mapping[str, Any]) -> Barrier:
    """ValueError where it is none; another host's words come to a terminal of ours."""
    ports = tuple(told["ports"])
    known = told["owner"] in OWNERS and told["family"] in FAMILIES and len(ports) <= MOST_PORTS
    known = known and told["protocol"] in ("tcp", "udp")
    if not known or any(type(it) is not int or not 0 < it < 65536 for it in ports):
        raise ValueError("no barrier")
    return Barrier(
        owner=told["owner"],
        purpose=Purpose(told["purpose"]),
        family=told["family"],
        protocol=told["protocol"],
        ports=ports,
        outgoing=bool(told["outgoing"]),
        answer=bool(told["answer"]),
        taken=bool(told["taken"]),
        certain=bool(told["certain"]),
    )
