"""Addresses of web services: what urllib would mend or take, and what cannot be asked."""

from __future__ import annotations

import pytest

from greygate.spec.web_address import host_of, url_problem


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "https://a.example:65535/x?y=z",
        "https://192.0.2.1/d",
        "https://[2001:db8::1]:1/d",
        "https://localhost:14000/dir",
        "https://A.example/%0a",
    ],
)
def test_what_can_be_asked(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("https://a.example\n", "'\\n'"),
        ("https://a.exa\tmple/", "'\\t'"),
        ("https://a.example/ b", "' '"),
        ("https://a.example/\x00", "'\\x00'"),
        ("https://é.example/", "'\\xe9'"),
        ("https://a.example:65536/", "'65536' is no port"),
        ("https://a.example:0/", "'0' is no port"),
        ("https://a.example:/", "'' is no port"),
        ("https://a.example:٣/", "cannot be in an address"),
        ("https://a.example:99999999999999999999999/", "is no port"),
        ('https://a.example/"x', "'\"'"),
        ("https://a.example/\\", "'\\\\'"),
        ("https://a.example/<b>", "'<'"),
        ("https://a.example/%zz", "%25"),
        ("https://a.example/%", "%25"),
        ("https://[fe80::1%25eth0]/", "interface"),
        ("https://0.0.0.0/", "listen"),
        ("https://[ff02::1]/", "multicast"),
        ("https://a.0x7f/", "number"),
        ("https://", "empty"),
        ("https:///path", "empty"),
        ("https://a..example/", "two dots"),
        ("https://[::1/", "no IP address"),
        ("https://[1::2::3]/", "no IP address"),
        ("https://1.2.3.4567/", "no IP address"),
        ("https://me@a.example/", "account"),
        ("https://me:pw@a.example/", "account"),
        ("https://a.example/#x", "#"),
        ("http://a.example/", "begins with https://"),
        ("a.example", "begins with https://"),
    ],
)
def test_what_cannot(url: str, why: str) -> None:
    assert why in (url_problem(url) or "")


def test_the_host_alone() -> None:
    assert host_of("http://[200::1]:80/a") == "200::1"
    assert host_of("http://a.example/a") == "a.example"
