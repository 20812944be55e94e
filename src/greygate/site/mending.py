"""Every syntax error of a TOML text: each is noted, its lines are blanked, and reading goes on.

tomllib stops at its first error, and a tree-sitter grammar may take half the file for one. Both
would send somebody with three slips through three rounds.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass

from greygate.errors import Mistake
from greygate.text import _

# Cyrillic letters that pass for Latin ones: whoever typed them into a key meant that key.
_LOOKALIKES = dict(zip((0x430, 0x435, 0x43E, 0x440, 0x441, 0x443, 0x445), "aeopcyx", strict=True))

MOST_ERRORS = 100  # more than anybody mends in one sitting; it bounds the work on hostile text
WORK = 3_000_000  # letters read at most, each round anew; tomllib reads a million in a second

_PLACE = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)", re.S)
_HEADER = re.compile(r"\s*\[+\s*([A-Za-z0-9_.-]+)")
_NEXT = re.compile(r"\s*$|\s*[A-Za-z0-9_.-]+\s*=|\s*\[+[A-Za-z]")
_OPENS_TEXT = re.compile(r"""[^#]*("{3}|'{3})""")
_OPENS_LIST = re.compile(r"""[^#"']+=[^#]*\[""")


@dataclass(frozen=True, slots=True)
class Mended:
    """Sound TOML with as many lines as before, and what had to be left out of it."""

    text: str
    dropped: str
    mistakes: tuple[Mistake, ...]


def mended(text: str) -> Mended:
    """`text` without its syntax errors, each of them told."""
    lines = text.replace("\r\n", "\n").split("\n")
    dropped: list[str] = []
    mistakes: list[Mistake] = []
    for _round in range(max(1, min(MOST_ERRORS, WORK // (len(text) + 1)))):
        error = _first_error("\n".join((*lines, "")))
        if error is None:
            left_out = "\n".join(dropped).translate(_LOOKALIKES)
            return Mended("\n".join((*lines, "")), left_out, tuple(mistakes))
        what, last = error
        last = min(last or _last_written(lines), len(lines))
        if (single := _single_of_several(what, lines, last)) is not None:
            mistakes.append(_made_several(lines, single))
            continue
        if what == "Invalid value" and _HEADER.match(lines[last - 1]):
            what = "Unclosed array"  # the section after it was taken for a list in the list
        first = _start(what, lines, last)
        if what == "Unclosed array":
            last = _end_of_list(lines, first)
        mistakes.append(_mistake(what, first, lines[first - 1]))
        dropped += lines[first - 1 : last]
        _blank(what, lines, first, last)
    return Mended("", text, tuple(mistakes))


def _first_error(text: str) -> tuple[str, int | None] | None:
    """What tomllib says of `text`, and the line; no line where it only says "end of document"."""
    try:
        tomllib.loads(text)
    except RecursionError:
        return "Too deep", _longest(text)
    except ValueError as error:
        place = _PLACE.fullmatch(str(error))
        if place is None:  # a number of thousands of digits, or a date that no calendar has
            return "Invalid value", _longest(text)
        return place["what"], int(place["line"]) if place["line"] else None
    return None


def _longest(text: str) -> int:
    lines = text.split("\n")
    return max(range(len(lines)), key=lambda n: len(lines[n])) + 1


def _last_written(lines: list[str]) -> int:
    return max((n for n, line in enumerate(lines, 1) if line.strip()), default=1)


def _start(what: str, lines: list[str], last: int) -> int:
    """The line on which the statement began that `last` cannot end."""
    match what:
        case "Unclosed array" | "Cannot overwrite a value":
            opens = _OPENS_LIST.match
        case "Unterminated string" | "Expected \"'''\"":
            opens = _OPENS_TEXT.match
        case _:
            return last
    if what == "Cannot overwrite a value" and not _ends_list(lines[last - 1]):
        return last
    begun = (n for n in range(last, 0, -1) if opens(lines[n - 1]))
    if what == "Unclosed array":  # what ends on its own line did not leave anything open
        begun = (n for n in begun if _first_error(lines[n - 1]) is not None)
    return next(begun, last)


def _single_of_several(what: str, lines: list[str], last: int) -> int | None:
    """The line of a `[header]` where others of that name are `[[header]]`; None where none is."""
    header = _HEADER.match(lines[last - 1])
    if header is None or not what.startswith("Cannot"):
        return None
    name = re.escape(header[1])
    single, several = re.compile(rf"\s*\[\s*{name}\s*\]"), re.compile(rf"\s*\[\[\s*{name}\s*\]\]")
    if several.match(lines[last - 1]):
        return next((n for n in range(1, last) if single.match(lines[n - 1])), None)
    return last if any(several.match(line) for line in lines[: last - 1]) else None


def _made_several(lines: list[str], place: int) -> Mistake:
    """The mistake of that header, which is written as the others are from now on."""
    name = lines[place - 1].partition("[")[2].partition("]")[0].strip()
    lines[place - 1] = f"[[{name}]]"
    return Mistake(
        place,
        name,
        _("there may be several of {name}, and each has its own header").format(name=name),
        _("write [[{name}]], with two pairs of brackets").format(name=name),
    )


def _ends_list(line: str) -> bool:
    return "=" not in line and _HEADER.match(line) is None


def _end_of_list(lines: list[str], first: int) -> int:
    """The last line of a list that began on `first`: before the next key, section or blank line.

    A missing comma is noticed one part later, and the parts after it are no statements.
    """
    for n in range(first + 1, len(lines) + 1):
        if _NEXT.match(lines[n - 1]):
            return n - 1
        if lines[n - 1].strip() == "]":
            return n
    return len(lines)


def _blank(what: str, lines: list[str], first: int, last: int) -> None:
    opening = lines[first - 1]
    for n in range(first, last + 1):
        lines[n - 1] = ""
    header = _HEADER.match(opening.translate(_LOOKALIKES))
    repaired = ""
    if header and what.startswith("Expected"):
        repaired = f"[[{header[1]}]]" if opening.lstrip().startswith("[[") else f"[{header[1]}]"
    if repaired and _first_error(repaired) is None:
        lines[first - 1] = repaired  # what stands below it still belongs to it
    elif opening.lstrip().startswith("["):
        _drop_section(lines, first)


def _drop_section(lines: list[str], first: int) -> None:
    """Blank what stood below a header that is gone: it would fall to the section before it."""
    for n in range(first, len(lines)):
        if lines[n].lstrip().startswith("["):
            return
        lines[n] = ""


def _mistake(what: str, line: int, opening: str) -> Mistake:
    if what == "Cannot overwrite a value" and _HEADER.match(opening):
        what = "Cannot overwrite a section"
    if what.startswith(("Expected '=' after a key", "Invalid statement", "Expected ']")):
        odd = next((it for it in re.split("[]=]", opening)[0] if not it.isascii()), None)
        if odd is not None:
            return Mistake(
                line,
                "",
                _("{odd!r} cannot stand there, whatever it looks like").format(odd=odd),
                _("type it anew: keys are made of Latin letters, with plain blanks around them"),
            )
    for known, (text, hint) in _EXPLAINED.items():
        if what.startswith(known):
            return Mistake(line, "", text, hint)
    return Mistake(
        line,
        "",
        _("this is not TOML: {what}").format(what=what[:1].lower() + what[1:]),
        _('write key = "value", key = true, or key = ["one", "two"]'),
    )


_EXPLAINED = {
    "Cannot overwrite a section": (
        _("what has this name is already there further up, in another form"),
        _("write all headers of one name alike: [[edge]] and [[zone]] for each of several"),
    ),
    "Cannot overwrite a value": (
        _("this key is already set further up"),
        _("keep one of the two lines"),
    ),
    "Cannot declare": (
        _("this section is already there further up"),
        _("move its keys into the first one, and take this header away"),
    ),
    "Invalid value": (
        _("this is not a value"),
        _('texts stand in "quotes"; true and false are written small'),
    ),
    "Unclosed array": (
        _("this list has no end"),
        _('close it with ], and put a comma between its parts: ["one", "two"]'),
    ),
    "Unterminated string": (
        _("this text has no end"),
        _("close it with the quotes that it began with"),
    ),
    "Expected \"'''\"": (
        _("this text has no end"),
        _("close it with the quotes that it began with"),
    ),
    "Illegal character '\\n'": (
        _("this text has no end"),
        _('close it with " on the same line'),
    ),
    "Expected '=' after a key in a key/value pair": (
        _("this is neither a key with a value nor a section"),
        _("write key = value, [section], or # before a comment"),
    ),
    "Expected ']": (
        _("this section header has no end"),
        _("close it with ]"),
    ),
    "Expected newline or end of document after a statement": (
        _("something follows the value on this line"),
        _("write each key on a line of its own, and # before a comment"),
    ),
    "Too deep": (
        _("this is nested too deep"),
        _("no key of the site file needs lists inside lists"),
    ),
}
