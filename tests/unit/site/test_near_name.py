"""What was meant by a text that is no server name."""

from __future__ import annotations

import pytest

from greygate.site.near_name import mail_hint, name_hint, near_name, own_name_problem, uri_hint


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
        ("home.example.org:443", "home.example.org"),
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


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("https://дом.рф/dir", "https://xn--d1aqf.xn--p1ai/dir"),
        ("tls://дом.рф:443?priority=1", "tls://xn--d1aqf.xn--p1ai:443?priority=1"),
        ("https://дом.рф/помощь", "otherwise"),
        ("https://a.example/", "otherwise"),
        ("дом.рф", "otherwise"),
    ],
)
def test_the_address_that_was_meant_is_told(text: str, meant: str) -> None:
    assert meant in uri_hint(text, "otherwise")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("me@дом.рф", "me@xn--d1aqf.xn--p1ai"),
        ("mailto:me@home.example.org", "me@home.example.org"),
        ("я@дом.рф", "otherwise"),
        ("me", "otherwise"),
    ],
)
def test_the_mailbox_that_was_meant_is_told(text: str, meant: str) -> None:
    assert meant in mail_hint(text, "otherwise")


def test_a_name_of_ours_leaves_room_for_the_records_above_it() -> None:
    """`_matrix-fed._tcp.NAME` is a name as well, and has 253 characters at most."""
    longest = ".".join(["a" * 58] * 4)
    assert len(longest) == 235
    assert own_name_problem(f"a{longest}") is None
    assert "at most 236" in str(own_name_problem(f"aa{longest}"))
