"""What an edge may be asked to look at from where it stands: a short list, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from greygate.spec.host_name import host_name_problem

TYPES = ("A", "AAAA", "SRV", "CAA", "CNAME", "NS", "TXT")
LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class AskDns:
    """The records of one type that the edge's resolver tells for a name."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class AskTcp:
    """Whether the edge gets a connection there."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class AskTls:
    """Which certificate the edge is shown there for a name, and whether it trusts it."""

    host: str
    port: int
    name: str


Question = AskDns | AskTcp | AskTls


def told(question: Question) -> dict[str, Any]:
    match question:
        case AskDns(name, kind):
            return {"kind": "dns", "name": name, "type": kind}
        case AskTcp(host, port):
            return {"kind": "tcp", "host": host, "port": port}
        case AskTls(host, port, name):
            return {"kind": "tls", "host": host, "port": port, "name": name}


def read(told: Mapping[str, Any]) -> Question:
    """The question that a JSON object spells; ValueError where it spells none of ours."""
    match told:
        case {"kind": "dns", "name": str(name), "type": str(kind)} if kind in TYPES:
            return AskDns(_name(name), kind)
        case {"kind": "tcp", "host": str(host), "port": int(port)}:
            return AskTcp(_host(host), _port(port))
        case {"kind": "tls", "host": str(host), "port": int(port), "name": str(name)}:
            return AskTls(_host(host), _port(port), _host(name))
    raise ValueError("no question that an edge answers")


def _name(text: str) -> str:
    """Names in DNS may begin with an underscore, as services do (RFC 2782)."""
    plain = ".".join(label.removeprefix("_") for label in text.split("."))
    if (why := host_name_problem(plain)) is not None:
        raise ValueError(f"{text!r}: {why}")
    return text


def _host(text: str) -> str:
    """A name or an address: neither has room for anything else."""
    address = ":" in text and set(text.lower()) <= set("0123456789abcdef:.")
    numeric = set(text) <= set("0123456789.") and text != ""
    if not address and not numeric and (why := host_name_problem(text)) is not None:
        raise ValueError(f"{text!r}: {why}")
    return text


def _port(number: int) -> int:
    if isinstance(number, bool) or not 0 < number <= LAST_PORT:
        raise ValueError(f"port {number}")
    return number
