"""What an edge may be asked to look at, and what not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greygate.plan import questions
from greygate.plan.questions import AskDns, AskTcp, AskTls, Question


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
    "told",
    [
        {},
        {"kind": "http", "name": "x.example"},
        {"kind": "dns", "name": "x.example", "type": "AXFR"},
        {"kind": "dns", "name": "x..example", "type": "A"},
        {"kind": "tcp", "host": "x.example", "port": 0},
        {"kind": "tcp", "host": "x.example", "port": True},
        {"kind": "tcp", "host": "x.example", "port": 65536},
        {"kind": "tcp", "host": "-oProxyCommand=x", "port": 1},
        {"kind": "tcp", "host": "", "port": 1},
        {"kind": "tcp", "host": "/run/x.sock", "port": 1},
        {"kind": "tls", "host": "x.example", "port": 443, "name": "x y"},
    ],
)
def test_nothing_else_is_asked(told: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        questions.read(told)


@given(st.text(alphabet="./:@ -_abc09\n\x00", max_size=20))
def test_a_host_is_a_name_or_an_address(text: str) -> None:
    try:
        questions.read({"kind": "tcp", "host": text, "port": 1})
    except ValueError:
        return
    assert not set(text) & set("/@ \n\x00_")
