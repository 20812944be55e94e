"""The sections [[edge]]: rented hosts that other homeservers can reach."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import ip_address

from greygate.site.doubts import no_public_name
from greygate.site.model import Address, Edge, Names, Tls
from greygate.site.near_name import host_hint, own_name_problem
from greygate.site.reading import Reading
from greygate.spec.public_address import unreachable_because
from greygate.spec.server_name import ServerName
from greygate.spec.yggdrasil import is_overlay
from greygate.text import _

PRIORITY = 10
HIGHEST_PRIORITY = 65534  # RFC 2782: 16 bits; the record of the second port has the next number

PORTS = (443, 8448)  # where an edge hears other servers
EDGE_ID = re.compile(r"[a-z][a-z0-9-]{0,31}")


def edges(
    reading: Reading, server: ServerName, names: Names, accepted: Collection[str] = ()
) -> tuple[Edge, ...]:
    """The edges that the file describes; what is wrong with them is noted."""
    addresses = {at: _addresses(reading, at) for at in reading.elements("edge")}
    found = [_edge(reading, at, here, accepted) for at, here in addresses.items()]
    _judge_names(reading, server, names)
    _judge_addresses(reading, addresses)
    return tuple(edge for edge in found if edge is not None)


def unread_edges(reading: Reading, found: Sequence[Edge]) -> bool:
    """Whether the file describes an edge that is not among those found."""
    return len(found) < len(reading.elements("edge")) or reading.misread("edge")


def address_problem(text: str) -> str | None:
    """Why other servers cannot reach an edge at `text`; None where they may."""
    try:
        address = ip_address(text)
    except ValueError:
        return _("{text!r} is not an IP address").format(text=text)
    if is_overlay(address):
        return _("{text} is on the overlay, and other servers are not").format(text=text)
    why = unreachable_because(address)
    return why and _("other servers cannot reach {text}: {why}").format(text=text, why=why)


def name_problem(text: str, accepted: Collection[str] = ()) -> str | None:
    """Why other servers cannot find an edge called `text`; None where they can.

    `accepted`: the doubts that the operator accepts, `doubt.not-public` above all.
    """
    return own_name_problem(text) or no_public_name(text, accepted)


def _edge(
    reading: Reading, at: str, addresses: tuple[Address, ...], accepted: Collection[str]
) -> Edge | None:
    edge_id, name = _id(reading, at), _name(reading, at, accepted)
    tls = reading.choice(f"{at}.tls", Tls, Tls.SEALED)
    priority = reading.number(f"{at}.priority")
    if priority is not None and not 0 <= priority <= HIGHEST_PRIORITY:
        reading.wrong(
            f"{at}.priority",
            _("a priority is a number from 0 to {most}").format(most=HIGHEST_PRIORITY),
            _("take the line away, or write one: the lowest is asked first"),
        )
    if edge_id is None or name is None or not addresses:
        return None
    return Edge(
        id=edge_id,
        name=name,
        addresses=addresses,
        tls=tls,
        priority=PRIORITY if priority is None else priority,
    )


def _id(reading: Reading, at: str) -> str | None:
    text = _demanded(reading, f"{at}.id", "edge1")
    if text is not None and not EDGE_ID.fullmatch(text):
        reading.wrong(
            f"{at}.id",
            _("{text!r} cannot be an edge's id").format(text=text),
            _("take small letters, digits and hyphens, a letter first, at most 32"),
        )
        return None
    return text


def _name(reading: Reading, at: str, accepted: Collection[str]) -> str | None:
    text = _demanded(reading, f"{at}.name", "edge.other.example")
    if text is not None and (why := name_problem(text, accepted)):
        reading.wrong(
            f"{at}.name",
            _("this cannot be an edge's name: {why}").format(why=why),
            host_hint(
                text,
                _('write a name of yours like "edge.other.example"'),
                lambda near: name_problem(near, accepted),
            ),
        )
        return None
    return text


def _addresses(reading: Reading, at: str) -> tuple[Address, ...]:
    hint = _("write the public address of the rented host, as its provider tells it")
    if not reading.has(f"{at}.addresses"):
        reading.wrong(f"{at}.addresses", _("the edge's addresses are missing"), hint)
        return ()
    found = tuple(reading.checked(f"{at}.addresses", address_problem, hint, same=ip_address))
    there = reading.stands(f"{at}.addresses") and not reading.noted(f"{at}.addresses")
    if not found and there:
        reading.wrong(f"{at}.addresses", _("an edge needs one address at least"), hint)
    return tuple(map(ip_address, found))


def _demanded(reading: Reading, key: str, example: str) -> str | None:
    if not reading.has(key):
        name = key.rpartition(".")[2]
        reading.wrong(
            key,
            _("the edge's {name} is missing").format(name=name),
            _('write {name} = "{example}" below [[edge]]').format(name=name, example=example),
        )
        return None
    return reading.text(key)


def _judge_names(reading: Reading, server: ServerName, names: Names) -> None:
    """An id or a name that is taken already is a mistake of whoever comes later."""
    taken = {"name": {server.host.lower(): _("the server name"), names.client.lower(): _CLIENT}}
    for at in reading.elements("edge"):
        for key, text in _told(reading, at):
            seen = taken.setdefault(key, {})
            if text in seen:
                reading.wrong(
                    f"{at}.{key}",
                    _("{text} is {what} already").format(text=text, what=seen[text]),
                    _("give this edge another {key}").format(key=key),
                )
            seen.setdefault(text, _("another edge's {key}").format(key=key))


def _judge_addresses(reading: Reading, found: Mapping[str, tuple[Address, ...]]) -> None:
    """One address is one machine, and one machine is one edge."""
    taken: dict[Address, str] = {}
    for at, addresses in found.items():
        for address in addresses:
            if (first := taken.setdefault(address, at)) != at:
                reading.wrong(
                    f"{at}.addresses",
                    _("{address} is the address of {edge} already").format(
                        address=address, edge=reading.value(f"{first}.id") or first
                    ),
                    _("write the address of this edge's own host, or take one of the two away"),
                )


def _told(reading: Reading, at: str) -> Iterator[tuple[str, str]]:
    for key in ("id", "name"):
        value = reading.value(f"{at}.{key}")
        if isinstance(value, str):
            yield key, value.lower()


_CLIENT = _("the client name")
