"""A certificate authority for one lab: made when it comes up, trusted by its hosts, then gone."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Greygate lab")])
LIFE = timedelta(days=30)
STORE = Path("etc/ssl/certs")
ADDED = Path("usr/local/share/ca-certificates")  # update-ca-certificates(8) reads it
SYNAPSES = (Path("var/lib/greygate/synapse.d"), Path("etc/matrix-synapse/conf.d"))
ISSUED = Path("etc/ssl/greygate-lab")


def make(below: Path) -> None:
    """Make an authority in the directory `below`."""
    below.mkdir(mode=0o700)
    key = ec.generate_private_key(ec.SECP256R1())
    limits = x509.BasicConstraints(ca=True, path_length=0)
    made = (
        _unsigned(NAME, key.public_key())
        .add_extension(limits, critical=True)
        .add_extension(_signs_certificates(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    _write_key(below / "key.pem", key)
    (below / "ca.pem").write_bytes(made.public_bytes(Encoding.PEM))


def issue(below: Path, names: Sequence[str], to: Path) -> None:
    """Write chain.pem and key.pem for those names or addresses into the directory `to`."""
    ours = load_pem_private_key((below / "key.pem").read_bytes(), password=None)
    assert isinstance(ours, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    made = (
        _unsigned(subject, key.public_key())
        .add_extension(x509.SubjectAlternativeName([*map(_general, names)]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ours.public_key()), critical=False
        )
        .sign(ours, SHA256())
    )
    to.mkdir(parents=True, exist_ok=True)
    _write_key(to / "key.pem", key)
    (to / "chain.pem").write_bytes(
        made.public_bytes(Encoding.PEM) + (below / "ca.pem").read_bytes()
    )


def add_root(below: Path, pem: str) -> None:
    """Have hosts that are told from now on whom to trust, trust this authority as well."""
    certificate = x509.load_pem_x509_certificate(pem.encode())
    (below / f"root-{certificate.serial_number:x}.pem").write_text(pem)


def trust(below: Path, root: Path) -> None:
    """Have the host with that root trust the lab's authorities, and no other."""
    for folder in (STORE, ADDED):
        shutil.rmtree(root / folder, ignore_errors=True)
        (root / folder).mkdir(parents=True)
    paths = []
    trusted = [below / "ca.pem", *sorted(below.glob("root-*.pem"))]
    for number, path in enumerate(trusted):
        pem = path.read_bytes()
        paths.append(ADDED / f"greygate-lab-{number}.crt")
        (root / paths[-1]).write_bytes(pem)
        with (root / STORE / "ca-certificates.crt").open("ab") as bundle:
            bundle.write(pem)
        name = subject_hash(x509.load_pem_x509_certificate(pem).subject)
        (root / STORE / f"{name}.0").write_bytes(pem)
    # Synapse takes the first certificate of each file, and no other.
    listed = ", ".join(f"/{path}" for path in paths)
    for folder in SYNAPSES:
        if (root / folder).is_dir():
            text = f"federation_custom_ca_list: [{listed}]\n"
            (root / folder / "authorities.yaml").write_text(text)


def subject_hash(subject: x509.Name) -> str:
    """How OpenSSL looks that name up in a directory (X509_NAME_hash).

    SHA-1 over the name's canonical form: every text as UTF-8 and in small letters, without the
    sequence around them; its first four octets, the lowest first.
    """
    parts = [x509.NameAttribute(it.oid, str(it.value).lower()) for it in subject]
    canonical = b"".join(x509.Name([it]).public_bytes()[2:] for it in parts)
    return hashlib.sha1(canonical, usedforsecurity=False).digest()[3::-1].hex()


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _unsigned(subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(NAME)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFE)
    )


def _signs_certificates() -> x509.KeyUsage:
    no = dict.fromkeys(
        (
            *("digital_signature", "content_commitment", "key_encipherment"),
            *("data_encipherment", "key_agreement", "encipher_only", "decipher_only"),
        ),
        False,
    )
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **no)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
