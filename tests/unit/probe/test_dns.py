"""Questions to a DNS server on loopback: what is not there, and what nobody tells."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import dns.rcode
import pytest

from greygate.errors import WrongUsage
from greygate.probe.dns import Resolver, place_of
from greygate.spec.dns import (
    Absence,
    Absent,
    Addresses,
    Failure,
    Service,
    Services,
    Unanswered,
)
from loopback_names import HERE, SILENT, Zone, name_server

ZONE: Zone = {
    ("home.example", "AAAA"): ("2001:db8::1",),
    ("home.example", "A"): ("192.0.2.1", "192.0.2.2"),
    ("old.example", "A"): ("192.0.2.9",),
    ("www.example", "CNAME"): ("old.example.",),
    ("lost.example", "CNAME"): ("nowhere.example.",),
    ("half.example", "A"): ("192.0.2.3",),
    ("half.example", "AAAA"): dns.rcode.SERVFAIL,
    ("doubt.example", "AAAA"): dns.rcode.REFUSED,
    ("doubt.example", "TXT"): ('"x"',),
    ("_a._tcp.home.example", "SRV"): ("20 1 443 Edge.example.", "10 2 8448 edge.other.example."),
    ("_b._tcp.home.example", "SRV"): ("0 0 0 .",),
    ("_c._tcp.home.example", "TXT"): ('"x"',),
}


def test_srv_records_are_told_as_they_came() -> None:
    with name_server(ZONE) as place:
        seen = Resolver(place).services("_a._tcp.home.example")
    assert isinstance(seen, Services)
    assert set(seen.records) == {
        Service(20, 1, 443, "Edge.example"),
        Service(10, 2, 8448, "edge.other.example"),
    }


def test_a_root_as_target_is_known() -> None:
    with name_server(ZONE) as place:
        seen = Resolver(place).services("_b._tcp.home.example")
    assert isinstance(seen, Services)
    assert seen.not_offered


def test_a_name_without_such_records_is_told_from_no_name() -> None:
    with name_server(ZONE) as place:
        resolver = Resolver(place)
        assert resolver.services("_c._tcp.home.example") == Absent(Absence.NO_RECORD)
        assert resolver.services("_d._tcp.home.example") == Absent(Absence.NO_NAME)
        assert resolver.addresses("_c._tcp.home.example") == Absent(Absence.NO_RECORD)
        assert resolver.addresses("nowhere.example") == Absent(Absence.NO_NAME)
        assert resolver.addresses("lost.example") == Absent(Absence.NO_NAME)


def test_both_kinds_of_addresses_are_told() -> None:
    with name_server(ZONE) as place:
        seen = Resolver(place).addresses("Home.example")
    expected = map(ip_address, ("2001:db8::1", "192.0.2.1", "192.0.2.2"))
    assert isinstance(seen, Addresses)
    assert set(seen.addresses) == set(expected)
    assert seen.addresses[0].version == 6


def test_aliases_are_followed_and_told() -> None:
    with name_server(ZONE) as place:
        seen = Resolver(place).addresses("www.example")
    assert seen == Addresses((ip_address("192.0.2.9"),), ("old.example",))


def test_half_an_answer_says_what_is_missing() -> None:
    with name_server(ZONE) as place:
        half = Resolver(place).addresses("half.example")
        none = Resolver(place).addresses("doubt.example")
    assert isinstance(half, Addresses)
    assert half.addresses == (ip_address("192.0.2.3"),)
    assert [it.failure for it in half.untold] == [Failure.SERVER]
    assert isinstance(none, Unanswered)
    assert none.failure is Failure.REFUSED


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (dns.rcode.SERVFAIL, Failure.SERVER),
        (dns.rcode.REFUSED, Failure.REFUSED),
        (dns.rcode.NOTIMP, Failure.NOT_DONE),
        (dns.rcode.FORMERR, Failure.FORMAT),
        (dns.rcode.NOTAUTH, Failure.OTHER_CODE),
    ],
)
def test_an_error_code_is_no_absence(code: dns.rcode.Rcode, failure: Failure) -> None:
    with name_server({("a.example", "SRV"): code}) as place:
        seen = Resolver(place).services("a.example")
    assert seen == Unanswered(failure, f"by {place[0]} port {place[1]}")


def test_silence_is_no_absence() -> None:
    with name_server({("a.example", "SRV"): SILENT}) as place:
        seen = Resolver(place, patience=0.3).services("a.example")
    assert isinstance(seen, Unanswered)
    assert seen.failure is Failure.SILENCE


def test_nobody_there_is_no_absence() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as chosen:
        chosen.bind((str(HERE), 0))
        port = int(chosen.getsockname()[1])
    seen = Resolver((HERE, port), patience=0.3).services("a.example")
    assert isinstance(seen, Unanswered)
    assert not seen.failure.was_answered


@pytest.mark.parametrize("name", ["a..example", "a" * 64 + ".example", "a." * 140])
def test_what_is_no_name_cannot_be_asked(name: str) -> None:
    with name_server({}) as place:
        seen = Resolver(place).services(name)
    assert isinstance(seen, Unanswered)
    assert seen.failure is Failure.CANNOT_BE_ASKED


@pytest.mark.parametrize(
    ("text", "address", "port"),
    [
        ("127.0.0.1", "127.0.0.1", 53),
        ("127.0.0.1:5353", "127.0.0.1", 5353),
        ("::1", "::1", 53),
        ("[::1]", "::1", 53),
        ("[::1]:5353", "::1", 5353),
    ],
)
def test_a_resolver_is_named_by_address_and_port(text: str, address: str, port: int) -> None:
    assert place_of(text) == (ip_address(address), port)


@pytest.mark.parametrize("text", ["", "dns.example", "127.0.0.1:0", "127.0.0.1:x", "[::1"])
def test_what_names_no_resolver_is_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="as resolver"):
        place_of(text)
