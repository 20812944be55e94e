"""What the acme-dns stand-in answers to DNS questions, as dns.go of the real one does."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from greygate.lab.acme_dns.ledger import Ledger
from greygate.lab.acme_dns.zone import Zone

TEXT = "x" * 43
RECORDS = ("auth.example. A 198.51.100.13", "auth.example. NS auth.example.")


def asked(ledger: Ledger, name: str, kind: str, *, edns: int = -1) -> dns.message.Message:
    question = dns.message.make_query(name, kind, use_edns=edns)
    return Zone("auth.example", RECORDS, ledger).answer(question)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(":memory:")


def test_a_text_is_found_by_its_first_label_in_any_case(ledger: Ledger) -> None:
    account, _key = ledger.register(())
    ledger.update(account.subdomain, TEXT)
    reply = asked(ledger, f"{account.subdomain.upper()}.Auth.Example.", "TXT")
    assert reply.rcode() == dns.rcode.NOERROR
    assert reply.flags & dns.flags.AA
    (found,) = reply.answer
    assert found.to_text() == f'{account.subdomain.upper()}.Auth.Example. 1 IN TXT "{TEXT}"'


def test_a_name_without_a_text_is_not_there_for_an_hour(ledger: Ledger) -> None:
    account, _key = ledger.register(())
    for name, kind in ((f"{account.subdomain}.auth.example", "TXT"), ("no.auth.example", "A")):
        reply = asked(ledger, name, kind)
        assert reply.rcode() == dns.rcode.NXDOMAIN
        (soa,) = reply.authority
        assert (soa.rdtype, soa.ttl) == (dns.rdatatype.SOA, 3600)


def test_a_name_with_a_text_has_no_other_type(ledger: Ledger) -> None:
    account, _key = ledger.register(())
    ledger.update(account.subdomain, TEXT)
    assert asked(ledger, f"{account.subdomain}.auth.example", "CAA").rcode() == dns.rcode.NXDOMAIN


@pytest.mark.parametrize(("kind", "count"), [("A", 1), ("NS", 1), ("SOA", 1), ("AAAA", 0)])
def test_its_own_name_has_the_fixed_records(ledger: Ledger, kind: str, count: int) -> None:
    reply = asked(ledger, "auth.example", kind)
    assert (reply.rcode(), len(reply.answer)) == (dns.rcode.NOERROR, count)


def test_it_has_no_authority_over_other_names(ledger: Ledger) -> None:
    reply = asked(ledger, "www.other.example", "A")
    assert reply.rcode() == dns.rcode.NXDOMAIN
    assert not reply.flags & dns.flags.AA
    assert reply.authority == []


def test_only_edns_0_is_spoken(ledger: Ledger) -> None:
    assert asked(ledger, "auth.example", "A", edns=0).payload == 512
    assert asked(ledger, "auth.example", "A", edns=1).rcode() == dns.rcode.BADVERS
