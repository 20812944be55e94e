"""A site file changed in one place: every other octet of it, and every comment, stays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from greygate.errors import Trouble
from greygate.site.model import Address
from greygate.site.syntax import tables
from greygate.text import _


def with_addresses(text: str, edge: str, addresses: Sequence[Address]) -> str:
    """The file with these addresses for the edge."""
    octets = text.encode()
    _key, value = _parts(_pair(_table(octets, "edge", "id", edge), "addresses"))
    listed = json.dumps(list(map(str, addresses))).encode()
    return (octets[: value.start_byte] + listed + octets[value.end_byte :]).decode()


def without_edge(text: str, edge: str) -> str:
    """The file without the edge's section; what stands above and below it is left."""
    return _without(text, "edge", "id", edge)


def without_zone(text: str, zone: str) -> str:
    """The file without the zone's section, likewise."""
    return _without(text, "zone", "name", zone)


def _without(text: str, kind: str, key: str, value: str) -> str:
    octets = text.encode()
    table = _table(octets, kind, key, value)
    last = list(_pairs(table))[-1]
    ends = octets.find(b"\n", last.end_byte)
    before, after = octets[: table.start_byte], b"" if ends < 0 else octets[ends + 1 :]
    if before.endswith(b"\n\n") or not before:
        after = after.removeprefix(b"\n")
    return (before + after).decode()


def _table(octets: bytes, kind: str, key: str, value: str) -> Node:
    """The section [[kind]] in which that key has that value."""
    for table in tables(octets, kind):
        for pair in _pairs(table):
            name, said = _words(pair)
            if name == key and said.strip("\"'") == value:
                return table
    raise Trouble(
        _("cannot change the site file: there is no [[{kind}]] with {key} = {value}").format(
            kind=kind, key=key, value=value
        ),
        _("it may be written in another way; change it by hand, then: greygate apply"),
    )


def _pair(table: Node, name: str) -> Node:
    found = next((it for it in _pairs(table) if _words(it)[0] == name), None)
    assert found is not None, f"the parser demands {name}"
    return found


def _pairs(table: Node) -> Iterator[Node]:
    yield from (it for it in table.named_children if it.type == "pair")


def _words(pair: Node) -> tuple[str, str]:
    key, value = _parts(pair)
    return _text(key), _text(value)


def _parts(pair: Node) -> tuple[Node, Node]:
    key, value = (it for it in pair.named_children if it.type != "comment")
    return key, value


def _text(node: Node) -> str:
    return (node.text or b"").decode()
