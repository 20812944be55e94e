"""Typed look-ups in a located tree that note what is wrong instead of stopping at it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import Enum
from typing import TypeVar

from greygate.errors import Mistake
from greygate.site.keys import BY_KEY, LISTS, MOST_NEAR, SECTIONS, Kind, known_as, meant
from greygate.site.syntax import Entry, Tree
from greygate.text import _, nearest

E = TypeVar("E", bound=Enum)

_WANTED = {
    Kind.TEXT: _("{key} must be a text in quotes"),
    Kind.FLAG: _("{key} must be true or false, without quotes"),
    Kind.NUMBER: _("{key} must be a whole number, without quotes"),
    Kind.TEXTS: _("{key} must be a list of texts in quotes"),
}


class Reading:
    """A tree being read: values come out, mistakes gather."""

    def __init__(self, tree: Tree) -> None:
        self.mistakes: list[Mistake] = []
        self._wrong: set[str] = set()
        self._wrong_below: set[str] = set()  # what stands above a key in `_wrong`
        self._unread: set[str] = set()
        self._entries = {entry.key: entry for entry in tree.entries}
        self._sections = {".".join(s.path): s.line for s in reversed(tree.sections)}
        self._lists = [s.path for s in tree.sections if s.repeated]
        unknown = [it.path for it in tree.entries if known_as(it.path) not in BY_KEY]
        self._meant = {meant(path) for path in unknown[:MOST_NEAR]}
        self._dropped = tree.dropped
        headers = {(known_as(it.path), it.repeated) for it in tree.sections}
        wrong = headers - {(name, name in LISTS) for name in SECTIONS}
        self._misread = {it for name, _many in wrong if (it := _section_meant(name))}
        self._misread |= set(SECTIONS) & self._entries.keys()

    def wrong(
        self, key: str, text: str, hint: str, *, item: int | None = None, unread: bool = False
    ) -> None:
        """Note a mistake at the line of `key`, or at that of one item in its list.

        `unread`: what is meant is not known, so nothing follows from it.
        """
        line = self._line(key)
        entry = self._entries.get(key)
        if item is not None and entry is not None and item < len(entry.item_lines):
            line = entry.item_lines[item]
        self.mistakes.append(Mistake(line, key, text, hint))
        self._wrong.add(key)
        self._wrong_below.update(key[: it.start()] for it in re.finditer(r"[.\[]", key))
        if unread:
            self._unread.add(key)

    def noted(self, key: str) -> bool:
        """Whether something was wrong with `key` already."""
        return key in self._wrong

    def unreadable(self, key: str) -> bool:
        """Whether the file says something of `key` that could not be taken: then nothing follows
        from what is usual where nothing is said.
        """
        return key in self._unread or (self.has(key) and key not in self._entries)

    def doubtful(self, *keys: str) -> bool:
        """Whether one of these is wrong or unreadable; `edge` stands for all that begins so."""
        return any(
            self.unreadable(key) or key in self._wrong or key in self._wrong_below for key in keys
        )

    def value(self, key: str) -> object:
        """What stands there, whatever it is; None where nothing does."""
        entry = self._entries.get(key)
        return entry.value if entry else None

    def stands(self, key: str) -> bool:
        """Whether the key is there to be taken away: in a broken line it may be any word."""
        return key in self._entries

    def has(self, key: str) -> bool:
        """Whether the file says something of `key`, be it unreadable or misspelled."""
        name = key.rpartition(".")[2]
        unreadable = re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", self._dropped)
        known = key in self._entries or key in self._sections  # the latter: key = {}
        if known or key in self._meant or unreadable is not None:
            return True
        section = key.rpartition(".")[0]
        return section in self._misread and section not in LISTS

    def misread(self, section: str) -> bool:
        """Whether the file has a header that stands for this section, and is not its own."""
        return section in self._misread

    def elements(self, section: str) -> tuple[str, ...]:
        """How the keys of each table in a list of tables begin: `edge[1]`, `edge[2]`."""
        return tuple(".".join(path) for path in self._lists if known_as(path) == section)

    def has_section(self, section: str) -> bool:
        """Whether there is such a header, be it with the wrong brackets, or misspelled."""
        return section in self._misread or bool(self.elements(section))

    def number(self, key: str) -> int | None:
        entry = self._entry(key, lambda value: type(value) is int)
        return entry.value if entry and isinstance(entry.value, int) else None

    def text(self, key: str) -> str | None:
        entry = self._entry(key, lambda value: isinstance(value, str))
        return str(entry.value) if entry else None

    def flag(self, key: str) -> bool | None:
        entry = self._entry(key, lambda value: isinstance(value, bool))
        return entry.value is True if entry else None

    def texts(self, key: str) -> Iterator[tuple[int, str]]:
        """The texts of a list, each with its place in it."""
        entry = self._entry(key, lambda value: isinstance(value, list))
        items = entry.value if entry and isinstance(entry.value, list) else ()
        for item, text in enumerate(items):
            if isinstance(text, str):
                yield item, text
            else:
                self._unfit(key, item=item)

    def checked(
        self,
        key: str,
        problem: Callable[[str], str | None],
        hint: str | Callable[[str], str],
        *,
        same: Callable[[str], object] = str,
    ) -> Iterator[str]:
        """The texts of a list that have no problem and stand there once; the others are noted.

        `same`: what texts without a problem have in common when they mean one thing.
        """
        seen: set[object] = set()
        for item, text in self.texts(key):
            why = problem(text)
            meant = text if why else same(text)
            if meant in seen:
                told = _("{text} is there twice").format(text=text)
                self.wrong(key, told, _("take one away"), item=item)
            elif why:
                self.wrong(key, why, hint if isinstance(hint, str) else hint(text), item=item)
            else:
                yield text
            seen.add(meant)

    def choice(self, key: str, choices: type[E], default: E) -> E:
        """One of the values of an enumeration."""
        text = self.text(key)
        if text is None:
            return default
        known = {str(choice.value): choice for choice in choices}
        if text not in known:
            near = nearest(text, known)
            hint = _('did you mean "{near}"?').format(near=near) if near else _one_of(known)
            told = _("{key} cannot be {text!r}").format(key=key, text=text)
            self.wrong(key, told, hint, unread=True)
        return known.get(text, default)

    def _entry(self, key: str, fits: Callable[[object], bool]) -> Entry | None:
        entry = self._entries.get(key)
        if entry is None or fits(entry.value):
            return entry
        self._unfit(key)
        return None

    def _unfit(self, key: str, *, item: int | None = None) -> None:
        known = BY_KEY[known_as(tuple(key.split(".")))]
        text = _WANTED[known.kind].format(key=key)
        hint = _("for example: {line}").format(line=known.line)
        self.wrong(key, text, hint, item=item, unread=True)

    def _line(self, key: str) -> int:
        """Where the key stands; where it is missing, the header that it belongs under."""
        if key in self._entries:
            return self._entries[key].line
        return self._sections.get(key, self._sections.get(key.rpartition(".")[0], 1))


def _section_meant(name: str) -> str | None:
    return name if name in SECTIONS else nearest(name, SECTIONS)


def _one_of(known: dict[str, E]) -> str:
    return _("it can be {choices}").format(choices=", ".join(f'"{choice}"' for choice in known))
