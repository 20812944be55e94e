"""What a certificate says (RFC 5280): which names it covers, for how long, whether it is due."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

from cryptography import x509
from cryptography.hazmat.primitives import hashes

Address = IPv4Address | IPv6Address


class Due(Enum):
    """Why a certificate is to be made anew."""

    UNREADABLE = "unreadable"
    OTHER_NAMES = "other-names"  # it covers other names or addresses than wanted
    OTHER_ISSUER = "other-issuer"
    NOT_YET_VALID = "not-yet-valid"  # or the clock is behind
    OLD = "old"  # two thirds of its life are over
    ADVISED = "advised"  # its authority asks for it (ARI, RFC 9773)
    REPLACED = "replaced"  # whoever keeps it has made another


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """What a certificate is good for."""

    names: frozenset[str]
    addresses: frozenset[Address]
    begins: datetime
    ends: datetime

    def renew_at(self) -> datetime:
        """Two thirds of its life: what Let's Encrypt advises, and time enough to mend a failure."""
        return self.begins + (self.ends - self.begins) * 2 / 3


def covered_by(certificate: x509.Certificate) -> Covered:
    """Names and addresses of subjectAltName (RFC 5280 section 4.2.1.6), and the validity."""
    try:
        san = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        san = x509.SubjectAlternativeName([])
    return Covered(
        names=frozenset(san.get_values_for_type(x509.DNSName)),
        addresses=frozenset(
            address
            for address in san.get_values_for_type(x509.IPAddress)
            if isinstance(address, IPv4Address | IPv6Address)
        ),
        begins=certificate.not_valid_before_utc,
        ends=certificate.not_valid_after_utc,
    )


def covers(covered: Covered, name: str) -> bool:
    """Whether it is good for `name`; a wildcard stands for one label (RFC 9525 section 6.3)."""
    names = {it.lower() for it in covered.names}
    _label, dot, parent = name.lower().partition(".")
    return name.lower() in names or (dot == "." and f"*.{parent}" in names)


def certificate_due(
    pem: bytes, names: Collection[str], addresses: Collection[Address], *, now: datetime
) -> Due | None:
    """Why the first certificate in `pem` should be made anew; None where it may serve on."""
    try:
        covered = covered_by(x509.load_pem_x509_certificate(pem))
    except ValueError:
        return Due.UNREADABLE
    if covered.names != set(names) or covered.addresses != set(addresses):
        return Due.OTHER_NAMES
    if now < covered.begins:
        return Due.NOT_YET_VALID
    return Due.OLD if now >= covered.renew_at() else None


def permitted_by(authority: x509.Certificate) -> tuple[frozenset[str], frozenset[Address]]:
    """The names and single addresses that a constrained authority may certify (4.2.1.10)."""
    try:
        extension = authority.extensions.get_extension_for_class(x509.NameConstraints)
    except x509.ExtensionNotFound:
        return frozenset(), frozenset()
    permitted = extension.value.permitted_subtrees or []
    names = (it.value for it in permitted if isinstance(it, x509.DNSName))
    networks = (it.value for it in permitted if isinstance(it, x509.IPAddress))
    single = (
        network.network_address
        for network in networks
        if not isinstance(network, IPv4Address | IPv6Address) and network.num_addresses == 1
    )
    return frozenset(names), frozenset(single)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 as people compare it: upper-case pairs with colons between them."""
    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()
