"""TOML text as located values: what tomllib reads, on the lines where tree-sitter finds it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import tree_sitter_toml
from tree_sitter import Language, Node, Parser

from greygate.errors import Mistake
from greygate.site.mending import mended

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One key with its value. Values inside an array have lines of their own."""

    line: int
    path: Path
    value: object
    item_lines: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True, slots=True)
class Section:
    """One `[header]`, `[[header]]` or inline table."""

    line: int
    path: Path
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Tree:
    """A file as far as it could be read: `dropped` is the text of the lines that could not be."""

    entries: tuple[Entry, ...]
    sections: tuple[Section, ...]
    mistakes: tuple[Mistake, ...]
    dropped: str


def read(text: str) -> Tree:
    """Every value in `text` with its line; what is not TOML becomes a mistake and is left out."""
    sound = mended(text)
    values = tomllib.loads(sound.text)
    document = _parser().parse(sound.text.encode()).root_node
    assert not document.has_error, "tomllib and the grammar take the same texts"
    entries, sections = [], []
    for found in _in_document(document, values):
        if isinstance(found, Entry):
            entries.append(found)
        else:
            sections.append(found)
    return Tree(tuple(entries), tuple(sections), sound.mistakes, sound.dropped)


def tables(text: bytes, name: str) -> Iterator[Node]:
    """Every `[[name]]` with what stands below it, in the order of the file."""
    for node in _parser().parse(text).root_node.named_children:
        if node.type == "table_array_element" and _path(node.named_children[0]) == (name,):
            yield node


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_toml.language()))


def _in_document(document: Node, values: object) -> Iterator[Entry | Section]:
    counted: Counter[Path] = Counter()
    for node in document.named_children:
        match node.type:
            case "pair":
                yield from _in_pair(node, (), values)
            case "table":
                path = _path(node.named_children[0])
                yield Section(_line(node), path)
                yield from _in_table(node, path, _at(values, path))
            case "table_array_element":
                path = _path(node.named_children[0])
                tables, place = _at(values, path), counted[path]
                counted[path] += 1
                table = tables[place] if isinstance(tables, list) else None
                path = (*path[:-1], numbered(path[-1], place + 1))
                yield Section(_line(node), path, repeated=True)
                yield from _in_table(node, path, table)


def numbered(name: str, place: int) -> str:
    """How the keys of one table in a list of tables begin: `edge[1]`."""
    return f"{name}[{place}]"


def _in_table(node: Node, path: Path, table: object) -> Iterator[Entry | Section]:
    for pair in _children(node, "pair"):
        yield from _in_pair(pair, path, table)


def _in_pair(pair: Node, above: Path, table: object) -> Iterator[Entry | Section]:
    """What a pair holds; `above` is where its table stands in the file, `table` what is in it."""
    key, value = [child for child in pair.named_children if child.type != "comment"][:2]
    here = _path(key)
    path, found = above + here, _at(table, here)
    if value.type == "inline_table":
        yield Section(_line(pair), path)
        for inner in _children(value, "pair"):
            yield from _in_pair(inner, path, found)
        return
    items = (child for child in value.named_children if child.type != "comment")
    lines = tuple(map(_line, items)) if value.type == "array" else ()
    yield Entry(_line(pair), path, found, lines)


def _path(key: Node) -> Path:
    """The parts of a bare, quoted or dotted key."""
    if key.type == "bare_key":
        return (_text(key),)
    level: object = tomllib.loads(_text(key) + " = 0")
    parts = []
    while isinstance(level, dict):
        ((part, level),) = level.items()
        parts.append(part)
    return tuple(parts)


def _at(values: object, path: Path) -> object:
    for part in path:
        values = values.get(part) if isinstance(values, Mapping) else None
    return values


def _children(node: Node, kind: str) -> list[Node]:
    return [child for child in node.named_children if child.type == kind]


def _line(node: Node) -> int:
    return node.start_point.row + 1


def _text(node: Node) -> str:
    return (node.text or b"").decode()
