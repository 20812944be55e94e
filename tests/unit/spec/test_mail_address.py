"""Mail addresses: what a server may publish, and what an authority takes as a contact."""

from __future__ import annotations

import pytest

from greygate.spec.mail_address import contact_problem, mail_address_problem


@pytest.mark.parametrize("text", ["me@a.example", "a.b+c=d/e@a.example", "me@xn--d1aqf.xn--p1ai"])
def test_an_address_is_one_for_everybody(text: str) -> None:
    assert mail_address_problem(text) is None
    assert contact_problem(text) is None


@pytest.mark.parametrize("text", ["me@дом.рф", "я@a.example", "me@localhost"])
def test_an_authority_takes_fewer(text: str) -> None:
    assert mail_address_problem(text) is None
    assert contact_problem(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        *("", "me", "@a.example", "me@", "a@b@c.example", "mailto:me@a.example", "me@[::1]"),
        *("me @a.example", "Me <me@a.example>", "me@a.example,you@a.example", "me@a.example\n"),
        *("me@a.example?subject=x", "me@a..example", "me@a_b.example", 'm"e@a.example'),
    ],
)
def test_what_is_none_is_none_for_anybody(text: str) -> None:
    assert mail_address_problem(text)
    assert contact_problem(text)
