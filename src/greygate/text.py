"""Words for humans: translation, lists, durations, sizes and columns."""

from __future__ import annotations

import gettext
from collections.abc import Iterable, Sequence
from itertools import dropwhile, takewhile

LONGEST_COMPLAINT = 20  # lines
_FRAME = 'File "'  # of a trace, two columns in; the source below it is indented further
_COMPLAINT = (_FRAME, "Error in configuration")  # the latter is Synapse's

_ = gettext.translation("greygate", fallback=True).gettext


def listing(things: Iterable[object], *, empty: str = "nothing") -> str:
    """`a`, `a and b`, `a, b and c`; `empty` where there is none."""
    words = [str(thing) for thing in things]
    if len(words) < 2:
        return words[0] if words else empty
    return f"{', '.join(words[:-1])} and {words[-1]}"


def visible(line: str) -> str:
    """`line` with what would move a cursor or set a colour written out: others' words."""
    return "".join(it if it.isprintable() or it == "\t" else ascii(it)[1:-1] for it in line)


def complaint(lines: Sequence[str]) -> list[str]:
    """What a Python program ended with: its whole message, without the trace; else nothing.

    Synapse sets a trace between asterisks, further in, and has words of its own below it.
    """
    places = [place for place, line in enumerate(lines) if line.lstrip().startswith(_COMPLAINT)]
    if not places:
        return []
    first, *message = lines[places[-1] :]
    if not first.lstrip().startswith(_FRAME):
        return [first, *message][:LONGEST_COMPLAINT]
    margin = " " * (len(first) - len(first.lstrip()) - 2)
    below = dropwhile(lambda line: line.startswith(f"{margin}    "), message)
    within = takewhile(lambda line: line.startswith(margin), below)
    return [line.removeprefix(margin) for line in within][:LONGEST_COMPLAINT]


def duration(seconds: float) -> str:
    """A length of time in at most two units: `0.4 s`, `12 s`, `3 min 5 s`, `2 d 4 h`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    left = round(seconds)
    parts = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def size(octets: float) -> str:
    """An amount of storage: `512 B`, `3.4 MB` (powers of 1000)."""
    for unit in ("B", "kB", "MB", "GB"):
        if octets < 1000:
            return f"{octets:.0f} {unit}" if unit == "B" else f"{octets:.1f} {unit}"
        octets /= 1000
    return f"{octets:.1f} TB"


def aligned(rows: Sequence[Sequence[str]], *, gap: int = 2) -> str:
    """Rows as columns of plain text; the last column is left ragged."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        (" " * gap).join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was most likely meant to be, if any is near."""
    import difflib  # slow to import, and seldom needed

    spelled = {it.lower(): it for it in known}
    matches = difflib.get_close_matches(word.lower(), list(spelled), n=1, cutoff=0.6)
    return spelled[matches[0]] if matches else None
