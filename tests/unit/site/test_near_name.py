"""What was meant by a text that is no server name."""

from __future__ import annotations

import pytest

from greygate.site.near_name import name_hint, near_name


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://home.example.org/", "home.example.org"),
        ("home.example.org/_matrix", "home.example.org"),
        ("@anna:home.example.org", "home.example.org"),
        ("anna@home.example.org", "home.example.org"),
        ("home.example.org.", "home.example.org"),
        (" home.example.org", "home.example.org"),
        ("my_home.example.org", "my-home.example.org"),
        ("Дом.рф", "xn--d1aqf.xn--p1ai"),
    ],
)
def test_the_name_that_was_meant_is_told(text: str, meant: str) -> None:
    assert near_name(text) == meant
    assert f"did you mean {meant}?" in name_hint(text)


@pytest.mark.parametrize("text", ["", "home.example.org", "дом", "a b.example", "..", "п" * 300])
def test_where_nothing_is_near_an_example_is_told(text: str) -> None:
    assert near_name(text) is None
    assert "home.example.org" in name_hint(text)
