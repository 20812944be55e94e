from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greygate.spec.server_name import BadServerName, ServerName

GOOD = {
    "matrix.org": ("matrix.org", None, None),
    "matrix.org:8888": ("matrix.org", 8888, None),
    "localhost": ("localhost", None, None),
    "1.2.3.4": ("1.2.3.4", None, IPv4Address("1.2.3.4")),
    "1.2.3.4:1234": ("1.2.3.4", 1234, IPv4Address("1.2.3.4")),
    "[1234:5678::abcd]": ("1234:5678::abcd", None, IPv6Address("1234:5678::abcd")),
    "[1234:5678::abcd]:5678": ("1234:5678::abcd", 5678, IPv6Address("1234:5678::abcd")),
    "EXAMPLE.org:00080": ("EXAMPLE.org", 80, None),
    "1.2.3": ("1.2.3", None, None),
}

BAD = {
    "": "empty",
    ":8448": "empty",
    "a.org:": "port",
    "a.org:123456": "port",
    "a.org:0": "port",
    "a.org:65536": "port",
    "a.org:80:80": "port",
    "a.org:x": "port",
    "[::1]8448": "port",
    "[::1": "ipv6",
    "[]": "ipv6",
    "[fe80::1%eth0]": "ipv6",
    "[1.2.3.4]": "ipv6",
    "::1": "port",
    "999.1.1.1": "ipv4",
    "1.2.3.04": "ipv4",
    "a_b.org": "character",
    "münchen.example": "character",
    "a b": "character",
    "a" * 256: "length",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_server_name_falls_into_its_parts(text: str) -> None:
    name = ServerName.parse(text)
    assert (name.host, name.port, name.literal) == GOOD[text]
    assert str(name) == text


@pytest.mark.parametrize("text", BAD)
def test_a_bad_name_tells_which_rule_it_breaks(text: str) -> None:
    with pytest.raises(BadServerName) as caught:
        ServerName.parse(text)
    assert caught.value.rule == BAD[text]
    assert str(caught.value) == caught.value.why != ""


@given(st.text() | st.from_regex(r"[\[\]0-9a-f.:]{1,20}", fullmatch=True))
def test_any_text_is_a_name_given_back_exactly_or_refused(text: str) -> None:
    try:
        name = ServerName.parse(text)
    except BadServerName:
        return
    assert str(name) == text
