"""What an edge may be asked to look at, and what not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greygate.plan import questions
from greygate.plan.questions import AskDns, AskTcp, AskTls, Question

NONE_OF_OURS = "no question that an edge answers"


@pytest.mark.parametrize(
    "question",
    [
        AskDns("_matrix-fed._tcp.matrix.example", "SRV"),
        AskDns("matrix.example", "AAAA"),
        AskTcp("192.0.2.1", 8448),
        AskTcp("2001:db8::1", 1),
        AskTls("matrix.example", 65535, "other.example"),
    ],
)
def test_what_is_told_is_read(question: Question) -> None:
    assert questions.read(questions.told(question)) == question


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({}, NONE_OF_OURS),
        ({"kind": "http", "name": "x.example"}, NONE_OF_OURS),
        ({"kind": "dns", "name": "x.example", "type": "AXFR"}, NONE_OF_OURS),
        ({"kind": "dns", "name": "x..example", "type": "A"}, "two dots stand together"),
        ({"kind": "tcp", "host": "x.example", "port": 0}, "port 0"),
        ({"kind": "tcp", "host": "x.example", "port": True}, "port True"),
        ({"kind": "tcp", "host": "x.example", "port": 65536}, "port 65536"),
        (
            {"kind": "tcp", "host": "-oProxyCommand=x", "port": 1},
            "'-oProxyCommand=x' is not",
        ),
        ({"kind": "tcp", "host": "", "port": 1}, "a host name cannot be empty"),
        ({"kind": "tcp", "host": "/run/x.sock", "port": 1}, "'/run/x' is not made of"),
        ({"kind": "tls", "host": "x.example", "port": 443, "name": "x y"}, "'x y' is not made of"),
    ],
)
def test_nothing_else_is_asked(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        questions.read(told)


@given(st.text(alphabet="./:@ -_abc09\n\x00", max_size=20))
def test_a_host_is_a_name_or_an_address(text: str) -> None:
    try:
        questions.read({"kind": "tcp", "host": text, "port": 1})
    except ValueError:
        return
    assert not set(text) & set("/@ \n\x00_")
