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
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import requests
from lexicon.config import ConfigResolver
from lexicon.exceptions import AuthenticationError
from lexicon.interfaces import Provider

LOOKS, BETWEEN_LOOKS = 3, 1.0  # some providers list a moment later what they were told
OF_NAMES = ("CNAME", "SRV", "NS")  # whose values may be listed relative to the zone
PROVIDERS = "lexicon._private.providers"
STARS = "***"
LONGEST_WORDS = 300  # characters of what a provider answers
SHORTEST = 6  # characters of a credential that is blotted out of a message


@dataclass(frozen=True, slots=True)
class Listed:
    """A record that the provider has."""

    identifier: str | None
    name: str  # as the provider spells it
    content: str  # likewise
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


class NotDone(Exception):
    """The provider said that it did, and it is not so."""


def obey(provider: Provider, act: dict[str, Any]) -> None:
    """One thing that is wanted of the provider, and seen afterwards."""
    name, kind, values = act["name"], act["type"], act["values"]
    wanted = {plain(kind, value) for value in values}
    match act["do"]:
        case "set":
            _set(provider, name, kind, values)
            _see(provider, name, kind, lambda there: there == wanted)
        case "add":
            for value in values:
                _create(provider, name, kind, value)
            _see(provider, name, kind, lambda there: there >= wanted)
        case "take":
            for it in _listed(provider, name, kind):
                if it.plain in wanted:
                    _delete(provider, name, kind, it)
            _see(provider, name, kind, lambda there: not there & wanted)


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
        _create(provider, name, kind, value)
    for it in () if first else astray:
        _delete(provider, name, kind, it)


def _see(
    provider: Provider, name: str, kind: str, holds: Callable[[set[str | None]], bool]
) -> None:
    """NotDone where the provider lists something else; what it spells its own way proves nothing,
    and is seen at the zone's servers."""
    for look in range(LOOKS):
        time.sleep(BETWEEN_LOOKS if look else 0)
        there = _listed(provider, name, kind)
        if holds({it.plain for it in there}) or any(it.plain is None for it in there):
            return
    listed = "; ".join(it.content for it in there) or "nothing"
    raise NotDone(f"it took the change of {name} {kind}, and lists: {listed}")


def _create(provider: Provider, name: str, kind: str, value: str) -> None:
    if provider.create_record(kind, name, value) is False:
        raise NotDone(f"it did not create {name} {kind} {value}")


def _listed(provider: Provider, name: str, kind: str) -> list[Listed]:
    """Some providers filter less than they are asked to; others find the zone's own name by none
    of its spellings, so all of the zone is looked through for that."""
    zone = provider.domain
    found = list(provider.list_records(kind, name))
    if name == zone and not any(_is_it(it, name, kind, zone) for it in found):
        with suppress(Exception):  # whatever a library raises that lists no whole zone
            found = list(provider.list_records(kind))
    return [
        Listed(it.get("id"), str(it["name"]), content, plain(kind, content, zone))
        for it in found
        if _is_it(it, name, kind, zone)
        for content in [str(it["content"])]
    ]


def _is_it(record: dict[str, Any], name: str, kind: str, zone: str) -> bool:
    spelled = str(record["name"]).rstrip(".").lower()
    own = ("", "@", f"@.{zone}", f".{zone}")  # how providers spell the zone's own name
    if spelled in own:
        spelled = zone
    elif not f".{spelled}".endswith(f".{zone}"):
        spelled = f"{spelled}.{zone}"
    return str(record["type"]).upper() == kind and spelled == name


def _delete(provider: Provider, name: str, kind: str, it: Listed) -> None:
    """By its identifier, or by its content: PowerDNS's identifiers (3.25) break at a slash."""
    provider.delete_record(it.identifier, kind, name, it.content)
    if it in _listed(provider, name, kind):
        provider.delete_record(None, kind, it.name, it.content)


def plain(kind: str, content: str, zone: str | None = None) -> str | None:
    """A value as it is compared; None where it is not spelled as zone files spell it.

    `zone`: a name in it may be without its dot, and then be relative to the zone, or not.
    """
    if kind == "TXT":
        return content.replace('"', "").replace("\\", "")
    try:
        read = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.from_text(kind), content)
    except dns.exception.DNSException:
        return None
    text = read.to_text()
    if kind == "CAA":
        return text
    if kind in OF_NAMES and zone and not content.endswith(".") and "." not in text.split()[-1]:
        text = f"{text}.{zone}"
    return text.rstrip(".").lower()


def refusal(problem: BaseException) -> dict[str, Any]:
    """What the provider answered, where it is its answer that the library raised."""
    answer = getattr(problem, "response", None)
    status = getattr(answer, "status_code", None)
    if status is None:
        return {
            "status": None,
            "account": isinstance(problem, AuthenticationError),
            "silent": _is_silence(problem),
            "unreadable": isinstance(problem, json.JSONDecodeError | requests.JSONDecodeError),
            "words": "",
        }
    words = " ".join(str(getattr(answer, "text", "")).split())[:LONGEST_WORDS]
    told = {"status": status, "account": False, "silent": False, "unreadable": False}
    return {**told, "words": words}


def _is_silence(problem: BaseException) -> bool:
    """Whether nobody answered; to requests an answer that is no JSON is an OSError too."""
    if isinstance(problem, requests.RequestException):
        return isinstance(problem, requests.ConnectionError | requests.Timeout)
    return isinstance(problem, OSError)


def answer(order: dict[str, Any]) -> dict[str, Any]:
    """What came of an order: what was done, and what was in the way."""
    done, entered = 0, False
    try:
        provider = provider_of(order)
        provider.authenticate()
        entered = True
        if order.get("count"):
            return {"sets": len({(it["name"], it["type"]) for it in provider.list_records()})}
        for act in order["acts"]:
            obey(provider, act)
            done += 1
        provider.cleanup()
    except Exception as problem:  # anything: the provider's library, and the libraries below it
        refused = refusal(problem)
        name = "" if isinstance(problem, NotDone) else f"{type(problem).__name__}: "
        why = f"{name}{problem}" + (f" ({refused['words']})" if refused["words"] else "")
        told = blotted(why, order["credentials"].values())
        refused["account"] = refused["account"] or (not entered and refused["status"] is not None)
        return {**refused, "done": done, "why": told, "options": options_of(order["provider"])}
    return {"done": done}


def blotted(text: str, secrets: Iterable[object]) -> str:
    """The text without credentials: a provider's address may hold them."""
    for secret in sorted(map(str, secrets), key=len, reverse=True):
        if len(secret) >= SHORTEST:
            text = text.replace(secret, STARS)
    return text


if __name__ == "__main__":
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
