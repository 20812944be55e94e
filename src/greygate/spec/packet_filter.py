"""Rules of a packet filter, and what becomes of a packet in them: nftables' way of judging.

The packet is the first of a connection from somebody ordinary, or an answer to one of ours. What
such a packet does not decide (the time of day, an owner) is left open: then several ends are
possible. No rule of a rate, a count or a list of sources that is filled while it runs has met it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address
# Anybody: documentation's addresses, and one of the overlay's that nobody can have.
OUTSIDERS: Mapping[int, Address] = {
    4: IPv4Address("198.51.100.77"),
    6: IPv6Address("2001:db8:ffff::77"),
}
STRANGER = IPv6Address("201:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
EPHEMERAL = 45678  # the port of whoever asks: any that systems choose themselves (RFC 6335, 6)
DEEPEST = 16  # jumps within jumps, as in the kernel (NFT_JUMP_STACK_SIZE)
INCOMING = ("ingress", "prerouting", "input")
OUTGOING = ("output", "postrouting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A packet of ours, as far as rules ask."""

    source: Address
    destination: Address
    incoming: bool
    interface: str | None  # by which it comes in or goes out; None: not known
    port: int  # where it is meant for
    protocol: str = "tcp"
    answer: bool = False  # to a connection that we opened


@dataclass(frozen=True, slots=True)
class Uplink:
    """How a machine comes to the clearnet in one address family."""

    interface: str | None
    address: Address  # its own, there


class End(Enum):
    """What becomes of a packet in one chain."""

    ACCEPT = "accept"
    DROP = "drop"  # or refused, which is the same for whoever sent it
    TAKEN = "taken"  # sent on to another address or port
    RETURN = "return"  # nothing was decided


@dataclass(frozen=True, slots=True)
class Jump:
    """Go on in another chain; back again behind it, unless `final`."""

    chain: str
    final: bool


Verdict = End | Jump
Condition = Callable[[Packet], bool | None]
"""Whether a packet is meant; None where the packet alone does not decide it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A verdict on all packets that meet every condition."""

    conditions: tuple[Condition, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Rules in their order; a base chain has a hook, and a policy for what they leave."""

    name: str
    hook: str | None = None
    policy: End = End.ACCEPT
    translates: bool = False  # addresses: only what begins a connection comes by
    device: str | None = None  # where it is in a table of family netdev
    rules: list[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Chains by name; `owner`: which program lists and changes it."""

    family: str  # inet, ip, ip6, netdev
    name: str
    owner: str  # nft, iptables-nft, iptables-legacy
    chains: Mapping[str, Chain]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A base chain in which a packet ends; `certain` where it always does."""

    table: Table
    chain: str
    end: End
    certain: bool


def obstacles(tables: Iterable[Table], packet: Packet) -> tuple[Obstacle, ...]:
    """Every base chain that does not let it pass. Each chain judges anew: one `drop` is the end."""
    return tuple(
        Obstacle(table, chain.name, end, certain=ends == {end})
        for table in tables
        if table.family in _families(packet)
        for chain in table.chains.values()
        if _passes(chain, packet)
        for ends in (_decided(table, chain, packet),)
        for end in (End.DROP, End.TAKEN)
        if end in ends
    )


def _families(packet: Packet) -> tuple[str, ...]:
    return ("inet", "netdev", "ip" if packet.destination.version == 4 else "ip6")


def _passes(chain: Chain, packet: Packet) -> bool:
    hooks = INCOMING if packet.incoming else OUTGOING
    here = chain.hook != "ingress" or chain.device == packet.interface is not None
    return chain.hook in hooks and here and not (chain.translates and packet.answer)


def _decided(table: Table, base: Chain, packet: Packet) -> frozenset[End]:
    ends = _ends(table, base, packet, depth=0)
    return ends - {End.RETURN} | ({base.policy} if End.RETURN in ends else set())


def _ends(table: Table, chain: Chain, packet: Packet, *, depth: int) -> frozenset[End]:
    """All ends that are possible in this chain; RETURN where it may come out of it again."""
    found = set[End]()
    for rule in chain.rules:
        answers = [condition(packet) for condition in rule.conditions]
        if False in answers:
            continue
        ends, goes_on = _verdict(table, rule.verdict, packet, depth=depth)
        found |= ends
        if not goes_on and None not in answers:
            return frozenset(found)
    return frozenset(found | {End.RETURN})


def _verdict(
    table: Table, verdict: Verdict, packet: Packet, *, depth: int
) -> tuple[frozenset[End], bool]:
    """The ends that a verdict leads to, and whether the next rule may be reached."""
    if isinstance(verdict, End):
        return frozenset({verdict}), False
    target = table.chains.get(verdict.chain)
    if target is None or depth >= DEEPEST:
        return frozenset(), True
    ends = _ends(table, target, packet, depth=depth + 1)
    if verdict.final:
        return ends, False
    return ends - {End.RETURN}, End.RETURN in ends
