"""nftables' rules as `nft -j list ruleset` prints them (libnftables-json(5), nft 1.0.6 to 1.1)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import ip_address, ip_network
from typing import Any

from greygate.spec.packet_filter import (
    EPHEMERAL,
    Chain,
    Condition,
    End,
    Jump,
    Packet,
    Rule,
    Table,
    Verdict,
)

ENDS = {
    **dict.fromkeys(("accept", "masquerade", "snat"), End.ACCEPT),
    **dict.fromkeys(("drop", "reject"), End.DROP),
    **dict.fromkeys(("dnat", "redirect", "tproxy"), End.TAKEN),
    "return": End.RETURN,
}
STATES = {False: "new", True: "established"}
FLAGS = {"syn": 2, "fin": 1, "rst": 4, "psh": 8, "ack": 16, "urg": 32}
Sets = Mapping[tuple[str, str, str], Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Among:
    """A rule's surroundings: the named sets of its table."""

    family: str
    table: str
    sets: Sets

    def elements(self, name: str) -> Sequence[Any] | None:
        return self.sets.get((self.family, self.table, name.removeprefix("@")))


def tables(text: str) -> tuple[Table, ...]:
    """Every table; ValueError where it is no listing of nft's."""
    try:
        listed = [next(iter(it.items())) for it in json.loads(text)["nftables"]]
        return tuple(_tables(listed))
    except (KeyError, TypeError, AttributeError, StopIteration) as problem:
        raise ValueError(f"no listing of nft's: {problem!r}") from problem


def _tables(listed: Sequence[tuple[str, Any]]) -> Iterator[Table]:
    made: dict[tuple[str, str], dict[str, Chain]] = {}
    sets = {
        (it["family"], it["table"], it["name"]): it.get("elem", [])
        for kind, it in listed
        if kind in ("set", "map")
    }
    for kind, it in listed:
        match kind:
            case "table":
                made[it["family"], it["name"]] = {}
            case "chain":
                made[it["family"], it["table"]][it["name"]] = _chain(it)
            case "rule":
                among = Among(it["family"], it["table"], sets)
                chain = made[it["family"], it["table"]][it["chain"]]
                chain.rules.extend(_rules(it["expr"], among))
    for (family, name), chains in made.items():
        yield Table(family=family, name=name, owner="nft", chains=chains)


def _chain(told: Mapping[str, Any]) -> Chain:
    policy = End.DROP if told.get("policy") == "drop" else End.ACCEPT
    device = told.get("dev")
    return Chain(
        name=told["name"],
        hook=told.get("hook"),
        policy=policy,
        translates=told.get("type") == "nat",
        device=device if isinstance(device, str) else None,
    )


def _rules(statements: Sequence[Mapping[str, Any]], among: Among) -> Iterator[Rule]:
    """One rule; a verdict map is as many."""
    conditions = list[Condition]()
    for statement in statements:
        kind, body = next(iter(statement.items()))
        if kind == "vmap":
            yield from _mapped(body, conditions, among)
        elif kind == "queue":  # another program decides
            yield Rule((*conditions, _open), End.DROP)
        elif (verdict := _verdict(statement)) is not None:
            yield Rule(tuple(conditions), verdict)
        else:
            conditions.extend(_conditions(kind, body, among))


def _conditions(kind: str, body: Any, among: Among) -> Iterator[Condition]:
    match kind:
        case "match":
            yield _match(body, among)
        case "limit" | "quota" | "ct count":
            yield _below(body)
        case "set" | "map":  # an element is added, with a limit of its own perhaps
            yield from (_below(it["limit"]) for it in body.get("stmt", ()) if "limit" in it)
        case "xt":  # a word of iptables'; nft does not tell what it means
            yield _open


def _open(packet: Packet) -> None:
    """Nothing of the packet decides it."""


def _below(body: Mapping[str, Any]) -> Condition:
    """A first packet is below every limit."""
    over = bool(body.get("inv"))
    return lambda packet: not over


def _mapped(
    body: Mapping[str, Any], conditions: Sequence[Condition], among: Among
) -> Iterator[Rule]:
    told = body["data"]
    elements = among.elements(told) if isinstance(told, str) else told["set"]
    for key, verdict in elements or ():
        found = _verdict(verdict)
        if found is not None:
            here = _match({"op": "==", "left": body["key"], "right": key}, among)
            yield Rule((*conditions, here), found)


def _verdict(told: Mapping[str, Any]) -> Verdict | None:
    ((kind, body),) = told.items()
    if kind in ("jump", "goto"):
        return Jump(body["target"], final=kind == "goto")
    return ENDS.get(kind)


def _match(body: Mapping[str, Any], among: Among) -> Condition:
    left, right, operator = body["left"], body["right"], body["op"]

    def condition(packet: Packet) -> bool | None:
        value = _value(left, packet)
        if value is Absent:
            return False  # a rule about TCP means no other packet
        holds = None if value is None else _equals(value, right, among, operator)
        return not holds if operator == "!=" and holds is not None else holds

    return condition


class Absent:
    """What this packet does not have."""


def _value(left: Any, packet: Packet) -> Any:
    """What the packet has there: None where it may have anything."""
    told: dict[str, Any] = left if isinstance(left, dict) else {"": None}
    ((kind, body),) = told.items()
    match kind:
        case "meta":
            return _meta(body["key"], packet)
        case "payload":
            return _field(body["protocol"], body["field"], packet) if "field" in body else None
        case "ct":
            return _tracked(body["key"], packet)
        case "fib":
            return _routed(body, packet)
        case "exthdr":
            return Absent
        case "concat":
            return tuple(_value(it, packet) for it in body)
    return _masked(_value(body[0], packet), body[1]) if kind == "&" else None


def _tracked(key: str, packet: Packet) -> Any:
    known = {"state": STATES[packet.answer], "direction": "reply" if packet.answer else "original"}
    return known.get(key, 0 if key in ("mark", "label", "status") and not packet.answer else None)


def _routed(body: Mapping[str, Any], packet: Packet) -> Any:
    """What the routes say: there is a way back, and what comes in is meant for this machine."""
    if body["result"] != "type":
        return True
    return "local" if ("daddr" in body["flags"]) is packet.incoming else "unicast"


def _meta(key: str, packet: Packet) -> Any:
    six = packet.destination.version == 6
    match key:
        case "iif" | "iifname":
            return packet.interface if packet.incoming else Absent
        case "oif" | "oifname":
            return Absent if packet.incoming else packet.interface
        case "l4proto":
            return packet.protocol
        case "nfproto":
            return "ipv6" if six else "ipv4"
        case "protocol":
            return "ip6" if six else "ip"
        case "mark" | "priority":
            return 0
        case "pkttype":
            return "host"
        case _:
            return None


def _field(protocol: str, name: str, packet: Packet) -> Any:
    family = "ip6" if packet.destination.version == 6 else "ip"
    match protocol, name:
        case ("ip" | "ip6", "saddr" | "daddr") if protocol == family:
            return packet.source if name == "saddr" else packet.destination
        case ("ip" | "ip6", "protocol" | "nexthdr") if protocol == family:
            return packet.protocol
        case ("ip" | "ip6" | "ether", _):
            return None if protocol in (family, "ether") else Absent
        case ("th", _) | ("tcp" | "udp", _) if protocol in ("th", packet.protocol):
            return _transport(name, packet)
        case _:
            return Absent


def _transport(name: str, packet: Packet) -> Any:
    """The listener's port is where it is meant for, or where an answer comes from."""
    if name == "flags":
        return FLAGS["ack"] if packet.answer else FLAGS["syn"]
    known = "sport" if packet.answer else "dport"
    if name not in ("sport", "dport"):
        return None
    return packet.port if name == known else EPHEMERAL


def _masked(value: Any, mask: Any) -> Any:
    if not isinstance(value, int):
        return value
    number = _number(mask)
    return None if number is None else value & number


def _number(told: Any) -> int | None:
    """A number, or names of TCP's flags."""
    match told:
        case int():
            return told
        case str() if told in FLAGS:
            return FLAGS[told]
        case {"|": parts} | [*parts]:
            numbers = [_number(it) for it in parts]
            return None if None in numbers else sum(it or 0 for it in set(numbers))
        case _:
            return None


def _equals(value: Any, right: Any, among: Among, operator: str) -> bool | None:
    match right:
        case {"set": elements}:
            return _any(_equals(value, it, among, "==") for it in elements)
        case str() if right.startswith("@"):
            named = among.elements(right)
            return None if named is None else _any(_equals(value, it, among, "==") for it in named)
        case {"elem": {"val": inner}}:
            return _equals(value, inner, among, operator)
        case {"concat": parts} if isinstance(value, tuple):
            return _all(
                None if it is None else it is not Absent and _equals(it, part, among, "==")
                for it, part in zip(value, parts, strict=True)
            )
        case {"range": [low, high]}:
            return _within(value, low, high)
        case {"prefix": {"addr": address, "len": length}}:
            return _in_network(value, f"{address}/{length}")
        case list() if not isinstance(value, int):
            return _any(_equals(value, it, among, "==") for it in right)
        case _:
            return _same(value, right, operator)


def _same(value: Any, right: Any, operator: str) -> bool | None:
    if isinstance(value, bool) or isinstance(right, bool):
        return value is right
    if isinstance(value, int):
        number = _number(right)
        if number is None:
            return False if isinstance(right, str) else None
        compared = {"<": value < number, ">": value > number, "in": bool(value & number)}
        compared |= {"<=": value <= number, ">=": value >= number}
        return compared.get(operator, value == number)
    if isinstance(value, str):
        return fnmatchcase(value, str(right))
    return _in_network(value, str(right))


def _within(value: Any, low: Any, high: Any) -> bool | None:
    if isinstance(value, int):
        return bool(low <= value <= high)
    try:
        first, last = ip_address(low), ip_address(high)
    except ValueError:
        return None
    return value.version == first.version and int(first) <= int(value) <= int(last)


def _in_network(value: Any, text: str) -> bool | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return value.version == network.version and value in network


def _any(answers: Iterator[bool | None]) -> bool | None:
    told = list(answers)
    return True if True in told else None if None in told else False


def _all(answers: Iterator[bool | None]) -> bool | None:
    told = list(answers)
    return False if False in told else None if None in told else True
