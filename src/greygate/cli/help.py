"""Help pages: plain text, words to the left, what they mean to the right."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from cyclopts import App, Group, Parameter

from greygate.cli.commands import typed
from greygate.text import _

if TYPE_CHECKING:  # slow to import, and `up` shows no page
    from cyclopts.help import HelpEntry, HelpPanel
    from rich.console import Console, ConsoleOptions

WIDEST = 100  # columns; longer lines are hard to follow
NARROWEST = 40  # what is narrower wraps as it likes
LEFT = 26  # columns for the words; what is longer has its meaning on the next line

EVERYWHERE = Group(_("Everywhere"), sort_key=9)
_WORDS, _FLAGS = Group(_("Words"), sort_key=1), Group(_("Flags"), sort_key=2)


def family(name: str, text: str, *, version: str | None = None) -> App:
    """A command that has commands, its pages as all of ours are."""
    return App(
        name=name,
        help=text,
        version=version,
        help_format="plaintext",
        help_formatter=Page(),
        group_arguments=_WORDS,
        group_parameters=_FLAGS,
        default_parameter=Parameter(negative=(), show_default=False),
        result_action="return_value",
        suppress_keyboard_interrupt=False,  # main tells it, as JSON too
    )


class Page:
    """A cyclopts HelpFormatter."""

    show_metavar = True

    def __call__(self, console: Console, options: ConsoleOptions, panel: HelpPanel) -> None:
        if panel.entries:
            rows = [(_words(entry), _meaning(entry)) for entry in panel.entries]
            _print(console, (f"{panel.title}:", *_aligned(rows, _width(console)), ""))

    def render_usage(self, console: Console, options: ConsoleOptions, usage: object) -> None:
        told = str(usage).strip().replace("[OPTIONS]", "[FLAGS]").replace("[ARGS", "[WORDS")
        _print(console, (f"Usage: {told}", ""))

    def render_description(self, console: Console, options: ConsoleOptions, text: object) -> None:
        for paragraph in _plain(text).split("\n\n"):
            _print(console, (*_paragraph(paragraph, _width(console)), ""))


def _words(entry: HelpEntry) -> str:
    """`--lines, -n NUMBER`, `NAME`, `status`."""
    words = ", ".join(entry.display_labels)
    return f"{words} {entry.metavar}" if entry.metavar and not entry.positional_label else words


def _meaning(entry: HelpEntry) -> str:
    more = [_("One of: {choices}.").format(choices=", ".join(entry.choices or ()))]
    more = more if entry.choices else []
    if entry.default is not None:
        more.append(_("Default: {default}.").format(default=entry.default))
    return " ".join((_plain(entry.description), *more)).strip()


def _aligned(rows: list[tuple[str, str]], width: int) -> Iterator[str]:
    left = min(LEFT, max(len(words) for words, _meaning in rows))
    for words, meaning in rows:
        lines = textwrap.wrap(meaning, width - left - 4) or [""]
        if len(words) > left:
            yield f"  {words}"
        else:
            yield f"  {words.ljust(left)}  {lines.pop(0)}".rstrip()
        yield from (f"  {'':{left}}  {line}" for line in lines)


def _paragraph(text: str, width: int) -> list[str]:
    """Wrapped; an indented one holds commands, and stays as it is."""
    if text.startswith(" "):
        return text.splitlines()
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _plain(text: object) -> str:
    """cyclopts wraps the text that it was given, once or twice."""
    for wrapping in ("primary_renderable", "plain"):
        text = getattr(text, wrapping, text)
    return str(text or "").strip("\n")


def _width(console: Console) -> int:
    return max(NARROWEST, min(console.width, WIDEST))


def _print(console: Console, lines: Iterable[str]) -> None:
    console.file.write(typed("\n".join(lines)) + "\n")  # wrapped already, whatever COLUMNS says
