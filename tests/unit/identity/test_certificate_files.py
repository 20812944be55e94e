"""A certificate that others keep: taken over when it is fit, and refused by what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from greygate.errors import Trouble
from greygate.identity.certificate_files import ensure_certificate, served, unfit
from greygate.plan.paths import Paths
from greygate.plan.plan import CertificateNames
from greygate.site.model import Certificates, Source
from greygate.spec.certificate import Due

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
NAMES = ("twinkle.example", "m.twinkle.example")
WANTED = CertificateNames(NAMES, ())
Key = ec.EllipticCurvePrivateKey


def key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


ROOT, MIDDLE, LEAF = key(), key(), key()


def certificate(
    subject: str,
    of: Key,
    issuer: str,
    by: Key,
    *,
    names: tuple[str, ...] = (),
    begins: timedelta = -DAY,
    ends: timedelta = 60 * DAY,
) -> x509.Certificate:
    where = x509.UniformResourceIdentifier("http://ca.example/issuer")
    access = x509.AccessDescription(AuthorityInformationAccessOID.CA_ISSUERS, where)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(of.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + begins)
        .not_valid_after(NOW + ends)
        .add_extension(x509.SubjectAlternativeName(list(map(x509.DNSName, names))), critical=False)
        .add_extension(x509.AuthorityInformationAccess([access]), critical=False)
        .sign(by, hashes.SHA256())
    )


INTERMEDIATE = certificate("middle", MIDDLE, "root", ROOT)
FIT = certificate("leaf", LEAF, "middle", MIDDLE, names=NAMES)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(it.public_bytes(Encoding.PEM) for it in certificates)


def secret(of: Key, encryption: KeySerializationEncryption | None = None) -> bytes:
    return of.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def leaf(
    names: tuple[str, ...] = NAMES, *, begins: timedelta = -DAY, ends: timedelta = 60 * DAY
) -> x509.Certificate:
    return certificate("leaf", LEAF, "middle", MIDDLE, names=names, begins=begins, ends=ends)


def taken(tmp_path: Path, chain: bytes, of: bytes) -> tuple[Due | None, Paths]:
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(of)
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    told = Certificates(
        source=Source.FILES,
        chain=PurePosixPath(tmp_path / "chain.pem"),
        key=PurePosixPath(tmp_path / "key.pem"),
    )
    certified = ensure_certificate(told, paths, WANTED, accounts=False, now=NOW)
    assert certified.new_authority is None
    return certified.renewed, paths


def test_what_is_fit_is_taken_and_taken_again_only_when_it_is_another(tmp_path: Path) -> None:
    chain = pem(FIT, INTERMEDIATE)
    due, paths = taken(tmp_path, chain, secret(LEAF))
    assert due is Due.REPLACED
    assert Path(paths.certificate).read_bytes() == chain + secret(LEAF)
    assert Path(paths.certificate).stat().st_mode & 0o777 == 0o400
    assert taken(tmp_path, chain, secret(LEAF))[0] is None
    assert taken(tmp_path, pem(leaf(), INTERMEDIATE), secret(LEAF))[0] is Due.REPLACED


def test_the_own_authority_is_kept_for_the_day_the_files_are_given_up(tmp_path: Path) -> None:
    _due, paths = taken(tmp_path, pem(FIT, INTERMEDIATE), secret(LEAF))
    again = ensure_certificate(Certificates(), paths, WANTED, accounts=False, now=NOW)
    assert again.renewed is not None
    assert again.new_authority is None


def test_what_serves_can_be_looked_at(tmp_path: Path) -> None:
    _due, paths = taken(tmp_path, pem(FIT, INTERMEDIATE), secret(LEAF))
    covered = served(paths)
    assert covered is not None
    assert covered.names == set(NAMES)


def test_a_wildcard_covers_one_label(tmp_path: Path) -> None:
    wild = leaf(("twinkle.example", "*.twinkle.example"))
    assert taken(tmp_path, pem(wild, INTERMEDIATE), secret(LEAF))[0] is Due.REPLACED


REFUSED = [
    (b"no PEM", secret(LEAF), "no certificate", "openssl x509"),
    (pem(FIT, INTERMEDIATE), b"no PEM", "no private key", "privkey.pem"),
    (
        pem(FIT, INTERMEDIATE),
        secret(LEAF, BestAvailableEncryption(b"password")),
        "encrypted",
        "openssl pkey",
    ),
    (pem(FIT, INTERMEDIATE), secret(ROOT), "not that of", "of one order"),
    (pem(INTERMEDIATE, FIT), secret(LEAF), "not that of", "comes first"),
    (
        pem(leaf(NAMES[:1]), INTERMEDIATE),
        secret(LEAF),
        "does not cover m.twinkle.example",
        "twinkle.example, m.twinkle.example",
    ),
    (
        pem(leaf(begins=-9 * DAY, ends=-DAY), INTERMEDIATE),
        secret(LEAF),
        "expired on",
        "cert renew",
    ),
    (pem(leaf(begins=DAY), INTERMEDIATE), secret(LEAF), "valid only from", "timedatectl"),
    (pem(FIT), secret(LEAF), "lacks the intermediate", "fullchain"),
    (
        pem(FIT, certificate("other", ROOT, "root", ROOT)),
        secret(LEAF),
        "number 2 did not issue",
        "server's certificate first",
    ),
]


@pytest.mark.parametrize(("chain", "of", "what", "cure"), REFUSED)
def test_each_fault_is_named_with_its_cure(
    tmp_path: Path, chain: bytes, of: bytes, what: str, cure: str
) -> None:
    with pytest.raises(Trouble) as refused:
        taken(tmp_path, chain, of)
    assert what in refused.value.what
    assert cure in refused.value.hint


def test_what_is_refused_leaves_the_one_that_serves(tmp_path: Path) -> None:
    _due, paths = taken(tmp_path, pem(FIT, INTERMEDIATE), secret(LEAF))
    before = Path(paths.certificate).read_bytes()
    with pytest.raises(Trouble):
        taken(tmp_path, pem(FIT), secret(LEAF))
    assert Path(paths.certificate).read_bytes() == before


def told(tmp_path: Path) -> Certificates:
    chain, key = (PurePosixPath(tmp_path / it) for it in ("chain.pem", "key.pem"))
    return Certificates(source=Source.FILES, chain=chain, key=key)


def test_what_could_not_be_taken_over_next_is_told_while_another_serves(tmp_path: Path) -> None:
    _due, paths = taken(tmp_path, pem(FIT, INTERMEDIATE), secret(LEAF))
    assert unfit(told(tmp_path), paths, NAMES, now=NOW) is None
    (tmp_path / "key.pem").write_bytes(secret(MIDDLE))
    found = unfit(told(tmp_path), paths, NAMES, now=NOW)
    assert found is not None
    assert "the key is not that of its first certificate" in found.what
    (tmp_path / "chain.pem").unlink()
    found = unfit(told(tmp_path), paths, NAMES, now=NOW)
    assert found is not None
    assert "no such file" in found.what
    assert unfit(Certificates(), paths, NAMES, now=NOW) is None  # nobody reads them then


@pytest.mark.parametrize(
    ("source", "cure"),
    [(Source.FILES, "greygate apply"), (Source.ACME, "greygate cert issue")],
)
def test_one_in_place_that_is_damaged_is_told_before_a_restart(
    tmp_path: Path, source: Source, cure: str
) -> None:
    _due, paths = taken(tmp_path, pem(FIT, INTERMEDIATE), secret(LEAF))
    whole = Path(paths.certificate).read_bytes()
    Path(paths.certificate).chmod(0o600)
    Path(paths.certificate).write_bytes(whole[:300])
    found = unfit(replace(told(tmp_path), source=source), paths, NAMES, now=NOW)
    assert found is not None
    assert ("is damaged" in found.what, found.hint) == (True, cure)
    if source is Source.FILES:  # and the cure helps
        ensure_certificate(told(tmp_path), paths, WANTED, accounts=False, now=NOW)
        assert Path(paths.certificate).read_bytes() == whole
