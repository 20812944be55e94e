"""The site's own certificate authority, and the certificate it gives the server.

The authority can certify nothing but the site: its name constraints are critical, and permit the
site's names (with what is below them, as RFC 5280 has it) and its exact addresses. So people
lend it no trust for anything else. Other names need another certificate of the authority, and
people to trust that; its key stays, so that a kill between two files never leaves two halves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from greygate.errors import Trouble
from greygate.identity import keys
from greygate.machine.files import Owner, directory, give, replace, write_new
from greygate.plan.paths import Paths
from greygate.plan.plan import CertificateNames
from greygate.spec.certificate import Due, certificate_due, fingerprint, permitted_by
from greygate.text import _

AUTHORITY_LIFE = timedelta(days=3653)  # people trust it by hand: not a thing to do twice
CERTIFICATE_LIFE = timedelta(days=397)  # the most that Apple's systems accept (825 for private CAs)
BACKDATED = timedelta(hours=1)  # a phone's clock may be a little behind
PUBLIC = 0o644  # HAProxy hands it out, and runs under an account of its own
LONGEST_COMMON_NAME = 64  # RFC 5280, ub-common-name


@dataclass(frozen=True, slots=True)
class Authority:
    """The authority's certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def due(self, wanted: CertificateNames, now: datetime) -> Due | None:
        """Why it cannot give out a certificate for `wanted` any more."""
        return _due_for(self.certificate, wanted, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """How the certificates stand after a look at them."""

    fingerprint: str  # of the authority: what people compare
    renewed: Due | None  # why the server has a new certificate, and must be told to reload
    new_authority: Due | None  # why people must trust anew; UNREADABLE at the very first


def outgrown(paths: Paths, wanted: CertificateNames, *, now: datetime) -> Due | None:
    """Why people will have to trust another authority, once there are certificates for `wanted`."""
    if not Path(paths.ca).exists():
        return None  # nobody trusts one yet
    return _due_for(authority_certificate(paths), wanted, now)


def ensure_certificate(
    paths: Paths, wanted: CertificateNames, *, accounts: bool, now: datetime
) -> Certified:
    """See to it that the server has a certificate for these names that may serve on."""
    directory(paths.ca.parent, mode=keys.TRAVERSED)
    authority, new_authority = _authority(paths, wanted, now)
    give(paths.ca, owner=Owner.ourselves(), mode=PUBLIC)  # one put back by tar is 0600
    due = _due(paths, authority, wanted, now)
    owner = Owner.account(keys.HAPROXY) if accounts else Owner.ourselves()
    if due is not None:
        issued = _issue(authority, wanted, now)
        replace(paths.certificate, issued, owner=owner, mode=0o400)
    give(paths.certificate, owner=owner, mode=0o400)
    return Certified(
        fingerprint=fingerprint(authority.certificate),
        renewed=due,
        new_authority=new_authority,
    )


def ensure_authority(paths: Paths, wanted: CertificateNames, *, now: datetime) -> Certified:
    """See to it that there is an authority, though another's certificate serves."""
    found, new = _authority(paths, wanted, now)
    give(paths.ca, owner=Owner.ourselves(), mode=PUBLIC)
    return Certified(fingerprint=fingerprint(found.certificate), renewed=None, new_authority=new)


def authority_certificate(paths: Paths) -> x509.Certificate:
    """What people are asked to trust."""
    try:
        return x509.load_pem_x509_certificate(Path(paths.ca).read_bytes())
    except FileNotFoundError as absent:
        raise Trouble(
            _("cannot show the certificate authority: there is none yet"),
            _("it is made at the first start: greygate up"),
        ) from absent
    except ValueError as broken:
        raise keys.damaged(paths, paths.ca) from broken


def export(paths: Paths, *, form: Literal["pem", "der"]) -> bytes:
    """The authority's certificate in the form that a device asks for."""
    encoding = {"pem": serialization.Encoding.PEM, "der": serialization.Encoding.DER}[form]
    return authority_certificate(paths).public_bytes(encoding)


def _due_for(certificate: x509.Certificate, wanted: CertificateNames, now: datetime) -> Due | None:
    names, addresses = permitted_by(certificate)
    if not (names >= set(wanted.names) and addresses >= set(wanted.addresses)):
        return Due.OTHER_NAMES
    if now < certificate.not_valid_before_utc:
        return Due.NOT_YET_VALID  # made while the clock was ahead
    return Due.OLD if now + CERTIFICATE_LIFE > certificate.not_valid_after_utc else None


def _authority(
    paths: Paths, wanted: CertificateNames, now: datetime
) -> tuple[Authority, Due | None]:
    """The authority that may certify `wanted`, and why people must trust it anew, if they must."""
    key = _key(paths)
    if not Path(paths.ca).exists():
        if Path(paths.identity).exists():
            raise keys.lost(paths, paths.ca)
        return _found(paths, key, wanted, now), Due.UNREADABLE
    authority = Authority(authority_certificate(paths), key)
    if authority.certificate.public_key() != key.public_key():
        raise keys.damaged(paths, paths.ca_key)
    due = authority.due(wanted, now)
    return (authority, None) if due is None else (_found(paths, key, wanted, now), due)


def _key(paths: Paths) -> ec.EllipticCurvePrivateKey:
    """The authority's key, made where there was none."""
    if not Path(paths.ca_key).exists():
        if Path(paths.ca).exists() or Path(paths.identity).exists():
            raise keys.lost(paths, paths.ca_key)
        directory(paths.keys, mode=keys.TRAVERSED)
        made = _pem(ec.generate_private_key(ec.SECP256R1()))
        write_new(paths.ca_key, made, owner=Owner.ourselves(), mode=0o600)
    try:
        key = serialization.load_pem_private_key(Path(paths.ca_key).read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as broken:
        raise keys.damaged(paths, paths.ca_key) from broken
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise keys.damaged(paths, paths.ca_key)
    return key


def _found(
    paths: Paths, key: ec.EllipticCurvePrivateKey, wanted: CertificateNames, now: datetime
) -> Authority:
    """A new certificate of the authority, that permits `wanted` and nothing else."""
    name = _named(f"Greygate {wanted.names[0]}")
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = _usage(signs_certificates=True)
    certificate = (
        _begun(name, name, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(_constraints(wanted), critical=True)
        .add_extension(identifier, critical=False)
        .sign(key, hashes.SHA256())
    )
    content = certificate.public_bytes(serialization.Encoding.PEM)
    replace(paths.ca, content, owner=Owner.ourselves(), mode=PUBLIC)
    return Authority(certificate, key)


def _issue(authority: Authority, wanted: CertificateNames, now: datetime) -> bytes:
    """A certificate for `wanted` with the authority's own and its key, as HAProxy reads them."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    names = x509.SubjectAlternativeName(
        [*map(x509.DNSName, wanted.names), *map(x509.IPAddress, wanted.addresses)]
    )
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    subject = _named("Greygate server")  # names are in subjectAltName; a DNS name may not fit here
    certificate = (
        _begun(subject, authority.certificate.subject, key.public_key(), now, CERTIFICATE_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(purpose, critical=False)
        .add_extension(names, critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    chain = (certificate, authority.certificate)
    return b"".join(it.public_bytes(serialization.Encoding.PEM) for it in chain) + _pem(key)


def _due(paths: Paths, authority: Authority, wanted: CertificateNames, now: datetime) -> Due | None:
    """Why the server's certificate is to be made anew; it is never precious, so never mended."""
    try:
        content = Path(paths.certificate).read_bytes()
        chain = x509.load_pem_x509_certificates(content)
        key = serialization.load_pem_private_key(content, password=None)
    except (FileNotFoundError, ValueError, TypeError, UnsupportedAlgorithm):
        return Due.UNREADABLE
    if len(chain) != 2 or key.public_key() != chain[0].public_key():
        return Due.UNREADABLE
    if chain[1] != authority.certificate:
        return Due.OTHER_ISSUER
    return certificate_due(content, wanted.names, wanted.addresses, now=now)


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    begins = now - BACKDATED
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + life)
    )


def _constraints(wanted: CertificateNames) -> x509.NameConstraints:
    """RFC 5280 section 4.2.1.10: the names, and each address as a network of one."""
    networks = (x509.IPAddress(ip_network(address)) for address in wanted.addresses)
    permitted: list[x509.GeneralName] = [*map(x509.DNSName, wanted.names), *networks]
    return x509.NameConstraints(permitted_subtrees=permitted, excluded_subtrees=None)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:LONGEST_COMMON_NAME])])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
