"""iptables' rules as `iptables-save` and `ip6tables-save` print them (iptables 1.8.9 to 1.8.11).

nft shows what iptables-nft has loaded, but not all of its words; what iptables-legacy has it does
not show at all.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from ipaddress import ip_network

from greygate.spec.packet_filter import EPHEMERAL, Chain, Condition, End, Jump, Packet, Rule, Table

ENDS = {
    **dict.fromkeys(("ACCEPT", "MASQUERADE", "SNAT", "NETMAP"), End.ACCEPT),
    **dict.fromkeys(("DROP", "REJECT", "TARPIT"), End.DROP),
    **dict.fromkeys(("DNAT", "REDIRECT", "TPROXY"), End.TAKEN),
    "RETURN": End.RETURN,
}
ASKING = ("QUEUE", "NFQUEUE")  # another program decides
BASE = {"PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"}
PROTOCOLS = {"6": "tcp", "17": "udp"}
_CHAIN = re.compile(r":(\S+) (\S+)")

_OPTION = re.compile(r"!$|--?[a-zA-Z]")

Meaning = Callable[[Packet, Sequence[str]], bool | None]


def tables(text: str, *, family: str, owner: str) -> tuple[Table, ...]:
    """Every table that is in it; `family`: ip or ip6."""
    return tuple(
        Table(family=family, name=name, owner=owner, chains=_chains(name, lines))
        for name, lines in _sections(text)
    )


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    name, lines = "", list[str]()
    for line in text.splitlines():
        if line.startswith("*"):
            name, lines = line[1:].strip(), []
        elif line == "COMMIT":
            yield name, lines
        else:
            lines.append(line)


def _chains(table: str, lines: Sequence[str]) -> Mapping[str, Chain]:
    made = {
        found[1]: Chain(
            name=found[1],
            hook=found[1].lower() if found[1] in BASE else None,
            policy=End.DROP if found[2] == "DROP" else End.ACCEPT,
            translates=table == "nat",
        )
        for line in lines
        if (found := _CHAIN.match(line))
    }
    for line in lines:
        words = shlex.split(line)
        if words[:1] == ["-A"] and words[1] in made:
            made[words[1]].rules.extend(_rule(words[2:], made))
    return made


def _rule(words: Sequence[str], chains: Mapping[str, Chain]) -> Iterator[Rule]:
    conditions = list[Condition]()
    for option, values, no in _options(words):
        if option in ("-j", "-g"):
            yield from _verdict(values[0], conditions, chains, final=option == "-g")
            return  # what follows are words of the target
        if option not in SILENT:
            conditions.append(_condition(option, values, no=no))


def _options(words: Sequence[str]) -> Iterator[tuple[str, list[str], bool]]:
    """Each option with its values, and whether a `!` is before it."""
    at = 0
    while at < len(words):
        no = words[at] == "!"
        at += no
        end = next((it for it in range(at + 1, len(words)) if _OPTION.match(words[it])), len(words))
        yield words[at], list(words[at + 1 : end]), no
        at = end


def _verdict(
    target: str, conditions: Sequence[Condition], chains: Mapping[str, Chain], *, final: bool
) -> Iterator[Rule]:
    if target in chains:
        yield Rule(tuple(conditions), Jump(target, final=final))
    elif target in ENDS:
        yield Rule(tuple(conditions), ENDS[target])
    elif target in ASKING:
        yield Rule((*conditions, lambda packet: None), End.DROP)


def _condition(option: str, values: Sequence[str], *, no: bool) -> Condition:
    meaning = MEANINGS.get(option)

    def condition(packet: Packet) -> bool | None:
        answer = None if meaning is None else meaning(packet, values)
        return not answer if no and answer is not None else answer

    return condition


def _interface(packet: Packet, values: Sequence[str], *, incoming: bool) -> bool | None:
    if packet.incoming is not incoming:
        return False
    if packet.interface is None:
        return None
    name = values[0]
    return fnmatchcase(packet.interface, f"{name[:-1]}*" if name.endswith("+") else name)


def _protocol(packet: Packet, values: Sequence[str]) -> bool:
    name = PROTOCOLS.get(values[0], values[0])
    return name in (packet.protocol, "all")


def _port(packet: Packet, values: Sequence[str], *, of_listener: bool) -> bool:
    port = packet.port if of_listener else EPHEMERAL
    ranges = (it.partition(":") for it in values[0].split(","))
    return any(
        int(low or 0) <= port <= int((high if colon else low) or 65535)
        for low, colon, high in ranges
    )


def _state(packet: Packet, values: Sequence[str]) -> bool:
    return ("ESTABLISHED" if packet.answer else "NEW") in values[0].split(",")


def _type(packet: Packet, values: Sequence[str]) -> bool:
    """Where it is meant for: this machine or another one, nobody's group."""
    return ("LOCAL" if packet.incoming else "UNICAST") in values[0].split(",")


def _flags(packet: Packet, values: Sequence[str]) -> bool:
    mask, wanted = (set(it.split(",")) for it in values[:2])
    has = {"ACK"} if packet.answer else {"SYN"}
    return (has if "ALL" in mask else has & mask) == wanted - {"NONE"}


def _mark(packet: Packet, values: Sequence[str]) -> bool:
    return int(values[0].partition("/")[0], 0) == 0


def _never(packet: Packet, values: Sequence[str]) -> bool:
    return False


def _always(packet: Packet, values: Sequence[str]) -> bool:
    return True


# Words that say nothing of the packet: what to load, how to count.
SILENT = {
    *("-m", "--comment", "--limit-burst", "--name", "--mask", "--rsource", "--rdest", "--seconds"),
    *("--hitcount", "--reap", "--rttl", "--hashlimit-burst", "--hashlimit-mode", "--ctdir"),
    *("--hashlimit-name", "--hashlimit-srcmask", "--hashlimit-dstmask", "--connlimit-mask"),
    *("--connlimit-saddr", "--connlimit-daddr", "--hashlimit-htable-expire", "--loose"),
    *("--hashlimit-htable-size", "--hashlimit-htable-max", "--hashlimit-htable-gcinterval"),
    *("--return-nomatch", "--update-counters", "--validmark", "--limit-iface-in"),
}
MEANINGS: Mapping[str, Meaning] = {
    "-i": lambda packet, values: _interface(packet, values, incoming=True),
    "-o": lambda packet, values: _interface(packet, values, incoming=False),
    "-p": _protocol,
    "-s": lambda packet, values: packet.source in ip_network(values[0]),
    "-d": lambda packet, values: packet.destination in ip_network(values[0]),
    **dict.fromkeys(
        ("--dport", "--dports"),
        lambda packet, values: _port(packet, values, of_listener=not packet.answer),
    ),
    **dict.fromkeys(
        ("--sport", "--sports"),
        lambda packet, values: _port(packet, values, of_listener=packet.answer),
    ),
    "--ports": lambda packet, values: any(
        _port(packet, values, of_listener=it) for it in (True, False)
    ),
    **dict.fromkeys(("--state", "--ctstate"), _state),
    "--dst-type": _type,
    "--src-type": lambda packet, values: "UNICAST" in values[0].split(","),
    "--tcp-flags": _flags,
    "--syn": lambda packet, values: not packet.answer,
    "--mark": _mark,
    "--pkt-type": lambda packet, values: values[0] == "unicast",
    # A first packet is below every limit, in no list, and has no extension headers.
    **dict.fromkeys(("--limit", "--set", "--hashlimit-upto", "--connlimit-upto"), _always),
    **dict.fromkeys(("--hashlimit-above", "--connlimit-above"), _never),
    **dict.fromkeys(("--rcheck", "--update", "--remove", "--match-set"), _never),
    **dict.fromkeys(("--icmp-type", "--icmpv6-type", "--rt-type", "--ctstatus"), _never),
    **dict.fromkeys(("--physdev-in", "--physdev-out", "--invert"), _never),
}
