"""Words for humans, and what others put into them."""

from __future__ import annotations

from greygate.text import visible


def test_what_would_steer_a_terminal_is_written_out() -> None:
    assert visible("a\x1b[2Jb\r\n\x07\u202e") == "a\\x1b[2Jb\\r\\n\\x07\\u202e"


def test_plain_words_of_any_language_stay() -> None:
    assert visible("Ж\tk 'x' \\") == "Ж\tk 'x' \\"
