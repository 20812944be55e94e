"""RESULTS.md: a section for each thing measured, each with its own date; the others stay."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path(__file__).with_name("RESULTS.md")
HEAD = "# Measured\n\n`./dev bench [SECTION...]` writes this page, or sections of it.\n"
HEADING = re.compile(r"^## (\w+)\n", re.MULTILINE)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as Markdown has it."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def section(words: str, text: str, *, load: str = "") -> str:
    """What stands below a heading: when and where, what it is, and the table."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    where = f"{day}, {os.cpu_count()} cores, Linux {os.uname().release.partition('-')[0]}{load}."
    return f"{where} {words}\n\n{text}"


def write(name: str, text: str, order: Sequence[str]) -> None:
    """Replace that section; the order of all is `order`."""
    before = PAGE.read_text("utf-8") if PAGE.exists() else ""
    PAGE.write_text(replaced(before, name, text, order), "utf-8")


def replaced(page: str, name: str, text: str, order: Sequence[str]) -> str:
    """The page with that section instead of what it had under its name."""
    parts = HEADING.split(page)[1:]
    known = dict(zip(parts[::2], (it.strip() for it in parts[1::2]), strict=True))
    known[name] = text.strip()
    return HEAD + "".join(f"\n## {it}\n\n{known[it]}\n" for it in order if it in known)
