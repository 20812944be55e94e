"""What a certificate says, and when it is due (RFC 5280)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greygate.spec import certificate
from greygate.spec.certificate import Due, certificate_due

BEGINS = datetime(2026, 1, 1, tzinfo=UTC)
LIFE = timedelta(days=90)
NAMES = ("home.example", "m.home.example")
ADDRESSES = (IPv6Address("200::1"), IPv4Address("192.0.2.1"))


def _certificate(*extensions: x509.ExtensionType) -> x509.Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(BEGINS)
        .not_valid_after(BEGINS + LIFE)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key, hashes.SHA256())


def _pem(made: x509.Certificate) -> bytes:
    return made.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def pem() -> bytes:
    addresses = [x509.IPAddress(address) for address in ADDRESSES]
    names = [*map(x509.DNSName, NAMES), *addresses]
    return _pem(_certificate(x509.SubjectAlternativeName(names)))


@pytest.mark.parametrize(
    ("age", "due"),
    [
        (timedelta(seconds=-1), Due.NOT_YET_VALID),
        (timedelta(0), None),
        (LIFE * 2 / 3 - timedelta(seconds=1), None),
        (LIFE * 2 / 3, Due.OLD),
        (LIFE * 2, Due.OLD),
    ],
)
def test_it_is_due_at_two_thirds_of_its_life(pem: bytes, age: timedelta, due: Due | None) -> None:
    assert certificate_due(pem, NAMES, ADDRESSES, now=BEGINS + age) is due


def test_the_order_of_names_is_no_matter(pem: bytes) -> None:
    assert certificate_due(pem, NAMES[::-1], ADDRESSES[::-1], now=BEGINS) is None


def test_other_names_or_addresses_make_it_due(pem: bytes) -> None:
    assert certificate_due(pem, NAMES[:1], ADDRESSES, now=BEGINS) is Due.OTHER_NAMES
    assert certificate_due(pem, NAMES, ADDRESSES[:1], now=BEGINS) is Due.OTHER_NAMES


def test_what_cannot_be_read_is_due() -> None:
    assert certificate_due(b"", NAMES, ADDRESSES, now=BEGINS) is Due.UNREADABLE


def test_one_without_alternative_names_covers_nothing() -> None:
    covered = certificate.covered_by(_certificate())
    assert (covered.names, covered.addresses) == (frozenset(), frozenset())
    assert (covered.begins, covered.ends) == (BEGINS, BEGINS + LIFE)


def test_an_authority_permits_its_names_and_single_addresses() -> None:
    constraints = x509.NameConstraints(
        permitted_subtrees=[
            x509.DNSName("home.example"),
            x509.IPAddress(ip_network("200::1/128")),
            x509.IPAddress(ip_network("10.0.0.0/8")),
        ],
        excluded_subtrees=None,
    )
    permitted = certificate.permitted_by(_certificate(constraints))
    assert permitted == (frozenset({"home.example"}), frozenset({IPv6Address("200::1")}))


def test_constraints_that_only_exclude_permit_nothing_by_name() -> None:
    constraints = x509.NameConstraints(None, [x509.DNSName("bank.example")])
    assert certificate.permitted_by(_certificate(constraints)) == (frozenset(), frozenset())


def test_an_authority_without_constraints_permits_nothing_by_name() -> None:
    assert certificate.permitted_by(_certificate()) == (frozenset(), frozenset())


def test_the_fingerprint_is_as_people_compare_it() -> None:
    made = _certificate()
    shown = certificate.fingerprint(made)
    assert bytes.fromhex(shown.replace(":", "")) == made.fingerprint(hashes.SHA256())
    assert len(shown) == 95
    assert shown == shown.upper()
