"""A refused site file for people: each mistake at its line, what is wrong and the cure."""

from __future__ import annotations

from greygate.errors import Mistake, SiteRefused
from greygate.text import visible


def report(refused: SiteRefused, text: str) -> str:
    """Every mistake, in the order of the lines of `text`."""
    lines = text.split("\n")  # as TOML counts them; splitlines() knows more ends of lines
    blocks = (_block(refused.where, mistake, lines) for mistake in refused.mistakes)
    return "\n\n".join((*blocks, refused.what)) + "\n"


def _block(where: str, mistake: Mistake, lines: list[str]) -> str:
    told = [f"{where}:{mistake.line}: {visible(mistake.text)}"]
    if 0 < mistake.line <= len(lines) and lines[mistake.line - 1].strip():
        told.append(f"    {mistake.line} | {_plain(lines[mistake.line - 1].rstrip())}")
    told.append(f"    {visible(mistake.hint)}")
    return "\n".join(told)


def _plain(line: str) -> str:
    """The line without what would move a terminal's cursor."""
    return "".join(char if char.isprintable() else " " for char in line)
