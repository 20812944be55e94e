"""A process of its own for dns-lexicon: one order on stdin, one answer on stdout, both JSON.

Its providers wait for ever (they set no time-outs), log what they send and raise whatever their
libraries raise; here they are let do so, and whoever started this process ends it in time.
The provider is loaded directly: lexicon's own client would fetch the public suffix list and guess
which zone is meant, and we know it.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from lexicon.config import ConfigResolver
from lexicon.interfaces import Provider

OF_NAMES = ("CNAME", "SRV", "NS")  # whose values may be listed relative to the zone
PROVIDERS = "lexicon._private.providers"
STARS = "***"
SHORTEST = 6  # characters of a credential that is blotted out of a message


@dataclass(frozen=True, slots=True)
class Listed:
    """A record that the provider has."""

    identifier: str | None
    content: str  # as the provider spells it
    plain: str | None  # as it is compared; None where the provider spells it its own way


def provider_of(order: dict[str, Any]) -> Provider:
    """The provider, with its credentials, for one zone."""
    name, zone = order["provider"], order["zone"]
    settings = {"provider_name": name, "domain": zone, "ttl": order["ttl"]}
    resolver = ConfigResolver()  # type: ignore[no-untyped-call]
    config = resolver.with_dict({**settings, name: order["credentials"]})
    made: Provider = importlib.import_module(f"{PROVIDERS}.{name}").Provider(config)
    return made


def options_of(provider: str) -> list[str]:
    """The names of the credentials that a provider knows."""
    parser = argparse.ArgumentParser(add_help=False)
    importlib.import_module(f"{PROVIDERS}.{provider}").Provider.configure_parser(parser)
    return [it.dest for it in parser._actions]


def obey(provider: Provider, act: dict[str, Any]) -> None:
    """One thing that is wanted of the provider."""
    name, kind, values = act["name"], act["type"], act["values"]
    match act["do"]:
        case "set":
            _set(provider, name, kind, values)
        case "add":
            for value in values:
                provider.create_record(kind, name, value)
        case "take":
            for it in _listed(provider, name, kind):
                if it.plain in {plain(kind, value) for value in values}:
                    _delete(provider, name, kind, it)


def _set(provider: Provider, name: str, kind: str, values: list[str]) -> None:
    """Have these values and no others; what is right stays.

    What is wrong goes last, so that nobody asks in between, but where it may be one of ours that
    the provider spells its own way: to create that once more would be nothing, and then it went.
    """
    wanted = {plain(kind, value): value for value in values}
    there = _listed(provider, name, kind)
    astray = [it for it in there if it.plain not in wanted]
    missing = [value for it, value in wanted.items() if it not in {each.plain for each in there}]
    first = kind in OF_NAMES or any(it.plain is None for it in astray)
    for it in astray if first else ():
        _delete(provider, name, kind, it)
    for value in missing:
        provider.create_record(kind, name, value)
    for it in () if first else astray:
        _delete(provider, name, kind, it)


def _listed(provider: Provider, name: str, kind: str) -> list[Listed]:
    return [
        Listed(it.get("id"), str(it["content"]), plain(kind, str(it["content"])))
        for it in provider.list_records(kind, name)
        if _is_it(it, name, kind)
    ]


def _is_it(record: dict[str, Any], name: str, kind: str) -> bool:
    """Some providers filter less than they are asked to."""
    return record["type"] == kind and str(record["name"]).rstrip(".").lower() == name


def _delete(provider: Provider, name: str, kind: str, it: Listed) -> None:
    """By its identifier, or by its content: PowerDNS's identifiers (3.25) break at a slash."""
    provider.delete_record(it.identifier, kind, name, it.content)
    if it in _listed(provider, name, kind):
        provider.delete_record(None, kind, name, it.content)


def plain(kind: str, content: str) -> str | None:
    """A value as it is compared; None where it is not spelled as zone files spell it."""
    if kind == "TXT":
        return content.strip('"')
    try:
        read = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), content)
    except dns.exception.DNSException:
        return None
    text = read.to_text()
    return text if kind == "CAA" else text.rstrip(".").lower()


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """What came of an order: what was done, and what was in the way."""
    done = 0
    try:
        provider = provider_of(order)
        provider.authenticate()
        if order.get("count"):
            return {"sets": len({(it["name"], it["type"]) for it in provider.list_records()})}
        for act in order["acts"]:
            obey(provider, act)
            done += 1
        provider.cleanup()
    except Exception as problem:  # anything: the provider's library, and the libraries below it
        why = f"{type(problem).__name__}: {problem}"
        told = blotted(why, order["credentials"].values())
        return {"done": done, "why": told, "options": options_of(order["provider"])}
    return {"done": done}


def blotted(text: str, secrets: Iterable[object]) -> str:
    """The text without credentials: a provider's address may hold them."""
    for secret in sorted(map(str, secrets), key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, STARS)
    return text


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
