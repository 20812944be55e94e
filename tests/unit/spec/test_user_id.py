from __future__ import annotations

import pytest

from greygate.spec.server_name import ServerName
from greygate.spec.user_id import localpart_problem, user_id, user_id_problem

HERE = ServerName.parse("twinkle.example")


@pytest.mark.parametrize("text", ["alice", "a.b_c=d-e/f+g", "0"])
def test_what_the_specification_allows_is_allowed(text: str) -> None:
    assert localpart_problem(text) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [("", "empty"), ("Alice", "capital"), ("a:b", "':'"), ("жук", "'ж'"), ("Ä", "'Ä'")],
)
def test_what_it_does_not_is_told(text: str, told: str) -> None:
    assert told in str(localpart_problem(text))


def test_the_full_id_has_sigil_and_server() -> None:
    assert user_id("alice", HERE) == "@alice:twinkle.example"


def test_the_full_id_has_at_most_255_octets() -> None:
    longest = 255 - len("@:twinkle.example")
    assert user_id_problem("a" * longest, HERE) is None
    assert "256" in str(user_id_problem("a" * (longest + 1), HERE))
