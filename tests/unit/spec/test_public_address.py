from __future__ import annotations

from ipaddress import ip_address

import pytest

from greygate.spec.public_address import undialable_because, unreachable_because


@pytest.mark.parametrize(
    "text",
    [
        *("9.9.9.9", "192.0.2.10", "203.0.113.10", "100.63.0.1", "172.32.0.1"),
        *("2a00::1", "2001:db8::1", "2001:200::1"),
    ],
)
def test_everybody_reaches_it(text: str) -> None:
    assert unreachable_because(ip_address(text)) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("192.168.1.1", "private"),
        ("fd00::1", "private"),
        ("100.64.0.1", "provider"),
        ("198.19.255.255", "benchmarks"),
        ("240.0.0.1", "no machine"),
        ("255.255.255.255", "no machine"),
        ("0.0.0.1", "no machine"),
        ("192.88.99.1", "6to4"),
        ("::ffff:192.0.2.1", "write the IPv4 address"),
        ("::192.0.2.1", "no machine"),
        ("64:ff9b::192.0.2.1", "NAT64"),
        ("64:ff9b:1::1", "NAT64"),
        ("2002::1", "6to4"),
        ("2001::1", "Teredo"),
        ("fec0::1", "no machine"),
        ("2001:1::1", "no machine"),
        ("2001:1ff::1", "no machine"),
        ("2001:3::1", "many machines"),
        ("2620:4f:8000::1", "many machines"),
        ("192.31.196.1", "many machines"),
        ("4000::1", "no machine"),
        ("127.0.0.1", "another machine"),
        ("169.254.1.1", "another machine"),
        ("fe80::1", "another machine"),
        ("2a00::1%eth0", "another machine"),
        ("224.0.0.1", "many machines"),
        ("ff02::1", "many machines"),
    ],
)
def test_what_nobody_reaches_says_why(text: str, why: str) -> None:
    assert why in str(unreachable_because(ip_address(text)))


@pytest.mark.parametrize("text", ["127.0.0.1", "10.0.0.1", "::1", "fd00::1", "::ffff:192.0.2.1"])
def test_somebody_may_be_at_it_however_near(text: str) -> None:
    assert undialable_because(ip_address(text)) is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0.0.0.0", "listen"),
        ("::", "listen"),
        ("::ffff:0.0.0.0", "listen"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("::ffff:224.0.0.1", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("fe80::1%eth0", "interface"),
    ],
)
def test_where_nobody_can_be_says_why(text: str, why: str) -> None:
    assert why in str(undialable_because(ip_address(text)))
