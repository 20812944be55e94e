from __future__ import annotations

import pytest

from greygate.site.syntax import read

VALUES = (
    'a = 1 # one\r\nb."c d" = [\n 2, # two\n "3",\n]\n[e]\nf = { g = 1, h.i = "" }\n[[j]]\nk = 1\n'
)


def test_values_have_lines() -> None:
    tree = read(VALUES)
    assert [(entry.line, entry.path, entry.value) for entry in tree.entries] == [
        (1, ("a",), 1),
        (2, ("b", "c d"), [2, "3"]),
        (7, ("e", "f", "g"), 1),
        (7, ("e", "f", "h", "i"), ""),
        (9, ("j[1]", "k"), 1),
    ]
    assert tree.entries[1].item_lines == (3, 4)
    assert [(section.line, section.path, section.repeated) for section in tree.sections] == [
        (6, ("e",), False),
        (7, ("e", "f"), False),
        (8, ("j[1]",), True),
    ]
    assert tree.mistakes == ()


@pytest.mark.parametrize(
    ("text", "lines", "kept"),
    [
        ('a = "x\nb = 1\n', [1], ["b"]),
        ("a = [1,\n2\nb = 1\n", [1], ["b"]),
        ("a = [\n1\n2]\nb = 1\n", [1], ["b"]),
        ("a = [1", [1], []),
        ('a = [\n "b=1",\n "c"\n "d",\n "e",\n]\nb = 1\n', [1], ["b"]),
        ('a = [\n "b",\n[c]\nd = 1\n', [1], ["c.d"]),
        ("a = 1\na = [\n2]\nb = 1\n", [2], ["a", "b"]),
        ("b = 1\na = '''\nc = 2\n", [2], ["b"]),
        ('b = 1\na = """\nc = 2\n', [2], ["b"]),
        ("a = 1\na = 2\n\n\n", [2], ["a"]),
        ("a = 1\na = [\n2\n]\nb = 1\n", [2], ["a", "b"]),
        ("[a]\nb = 1\n[a]\nc = 2\n[d]\ne = 3\n", [3], ["a.b", "d.e"]),
        ("[a\nb = 1\n", [1], ["a.b"]),
        ("[a.\nb = 1\n", [1], []),
        ("[\nb = 1\n[c]\nd = 1", [1], ["c.d"]),
        ('[a."b"\nc = 1\n[d]\ne = 1', [1], ["d.e"]),
        ("b = 1\n[b]\nc = 1\n", [2], ["b"]),
        ("a = True\nb = yes\nc\n= d\ne = 1 2\n", [1, 2, 3, 4, 5], []),
        ("\ufeffa = 1\nb = 1\n", [1], ["b"]),
        ("a = " + "[" * 5000, [1], []),
        ("b = 1\na = " + "1" * 5000, [2], ["b"]),
        ('a = "\\q"\nb = 1\n', [1], ["b"]),
    ],
)
def test_each_syntax_error_has_its_line_and_the_rest_is_read(
    text: str, lines: list[int], kept: list[str]
) -> None:
    tree = read(text)
    assert [mistake.line for mistake in tree.mistakes] == lines
    assert [entry.key for entry in tree.entries] == kept
    assert all(mistake.text and mistake.hint for mistake in tree.mistakes)


def test_more_errors_than_anybody_mends_end_the_reading() -> None:
    assert 0 < len(read("x\n" * 1000).mistakes) <= 100
