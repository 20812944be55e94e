from __future__ import annotations

import pytest

from greygate.spec.host_name import host_name_problem


@pytest.mark.parametrize(
    "text", ["a", "a.b", "xn--p1ai", "3com.com", "a" * 63, "1.2.c", "0x1.a", "a.0x1g"]
)
def test_a_host_name_has_no_problem(text: str) -> None:
    assert host_name_problem(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("a..b", "two dots"),
        (".a", "two dots"),
        ("a.", "at an end"),
        ("-a.b", "'-a'"),
        ("a-.b", "'a-'"),
        ("a_b", "'a_b'"),
        ("a" * 64, "63"),
        (".".join(["a" * 50] * 5), "253"),
        ("1.2.3", "number"),
        ("a.0x1f", "number"),
        ("a.0X", "number"),
    ],
)
def test_what_is_none_is_told(text: str, told: str) -> None:
    assert told in str(host_name_problem(text))
