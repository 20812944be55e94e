"""What the servers of a zone answer, read as they mean it: a real Knot and a PowerDNS tell."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

import pytest

import power_dns
from acme_rig.rig import Rig
from greygate.probe.authority import LONGEST_CHAIN, from_wildcard, own_answer
from greygate.probe.dns import Resolver
from greygate.spec.caa import CRITICAL, Property, property_of
from greygate.spec.dns import Absence, Absent, Texts

pytestmark = pytest.mark.acme

NAME = "twinkle.example"


@pytest.fixture
def server(rig: Rig) -> Iterator[Resolver]:
    yield Resolver((ip_address(rig.knot), 53), patience=3.0)
    rig.publish(NAME, "CAA")


@pytest.mark.parametrize("tag", ["policy-x", "is_sue", "", "a b", 'a"b', "x" * 40])
def test_a_caa_record_with_an_odd_tag_is_told_as_it_is(
    rig: Rig, server: Resolver, tag: str
) -> None:
    octets = bytes((CRITICAL, len(tag))) + f"{tag}of it".encode()
    rig.publish(NAME, "CAA", rf"\# {len(octets)} {octets.hex()}", '0 iodef "mailto:a@b.example"')
    seen = server.texts(NAME, "CAA")
    assert isinstance(seen, Texts)
    assert {property_of(it) for it in seen.values} == {
        Property(CRITICAL, tag, "of it"),
        Property(0, "iodef", "mailto:a@b.example"),
    }


@pytest.fixture(scope="module")
def powerdns() -> Iterator[power_dns.PowerDns]:
    """It answers SERVFAIL where aliases have no end."""
    with power_dns.running(NAME) as made:
        yield made


def test_aliases_without_an_end_are_followed_where_the_server_does_not(
    powerdns: power_dns.PowerDns,
) -> None:
    there = (
        ("a", "b"),
        ("b", "a"),
        ("self", "self"),
        *((f"c{n}", f"c{n + 1}") for n in range(LONGEST_CHAIN + 1)),
        ("out", "there"),
    )
    for name, target in there:
        powerdns.publish(f"{name}.{NAME}", "CNAME", f"{target}.{NAME}.")
    for name, first in (("a", "b"), ("self", "self"), ("c0", "c1")):
        told = own_answer(powerdns.resolver, f"{name}.{NAME}", "AAAA")
        assert told == Absent(Absence.NO_RECORD, (f"{first}.{NAME}",), endless=True)
    told = own_answer(powerdns.resolver, f"out.{NAME}", "AAAA")
    assert isinstance(told, Absent)
    assert not told.endless


def test_whose_a_record_is_where_wildcards_tell_the_same(powerdns: power_dns.PowerDns) -> None:
    for name in ("m", "*.m", "*"):
        powerdns.publish(f"{name}.{NAME}", "A", "192.0.2.99")
    wild = {"m": False, "x": True, "y.x": True, "below.m": True}
    for name, is_wild in wild.items():
        server, whole = powerdns.resolver, f"{name}.{NAME}"
        assert from_wildcard(server, whole, "A", server.texts(whole, "A")) is is_wild
