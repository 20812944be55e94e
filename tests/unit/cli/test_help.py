"""Every page of help, as it reads in a terminal of eighty columns."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from cyclopts import App
from rich.console import Console

from golden_files import GOLDEN
from greygate.cli.main import app

Golden = Callable[[str, str], None]


def pages(command: App, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words of every command, the whole first."""
    yield words
    for name, sub in command.resolved_commands().items():
        if not name.startswith("-"):
            yield from pages(sub, (*words, name))


PAGES = tuple(pages(app()))


def page(words: tuple[str, ...], width: int = 80) -> str:
    whole = app()
    whole.resolved_commands()
    told = io.StringIO()
    whole.help_print(list(words), console=Console(file=told, width=width))
    return told.getvalue()


@pytest.mark.parametrize("words", PAGES, ids=lambda words: " ".join(words) or "greygate")
def test_the_page_is_as_kept(golden: Golden, words: tuple[str, ...]) -> None:
    golden(f"help/{'-'.join(words) or 'greygate'}.txt", page(words))


@pytest.mark.parametrize("words", PAGES, ids=lambda words: " ".join(words) or "greygate")
def test_the_page_is_plain_and_explains_every_flag(words: tuple[str, ...]) -> None:
    lines = page(words).splitlines()
    assert all(line.isascii() and len(line) <= 80 for line in lines)
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("  --"):
            explained = "  " in line.strip() or after.startswith("      ")
            assert explained, line


@pytest.mark.parametrize(
    ("words", "kept"),
    [((), "greygate"), (("--help",), "greygate"), (("edge",), "edge"), (("help", "edge"), "edge")],
)
def test_a_program_that_has_just_begun_shows_the_same(words: tuple[str, ...], kept: str) -> None:
    """Commands are imported when they are called; here they are not."""
    done = subprocess.run(
        (sys.executable, "-m", "greygate", *words),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == (GOLDEN / f"help/{kept}.txt").read_text()


def test_a_wide_terminal_is_not_filled() -> None:
    assert max(map(len, page(("up",), width=300).splitlines())) <= 100


def test_a_narrow_one_is_not_overrun() -> None:
    assert max(map(len, page(("logs",), width=50).splitlines())) <= 50
