"""The server's certificate where another program keeps it: taken over as it is, or refused.

What is wrong with it would else show at other servers, as silence. It is looked at before HAProxy
gets it, and the one that serves stays in place until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path, PurePosixPath

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.x509.oid import AuthorityInformationAccessOID

from greygate.errors import Trouble
from greygate.identity import authority, keys
from greygate.identity.authority import Certified
from greygate.machine.files import Owner, directory, give, replace
from greygate.plan.paths import Paths
from greygate.plan.plan import CertificateNames
from greygate.site.model import Certificates, Source
from greygate.spec.certificate import Covered, Due, covered_by, covers
from greygate.text import _, listing


@dataclass(frozen=True, slots=True)
class Chain:
    """A server's certificate, what vouches for it, and its key."""

    certificates: tuple[x509.Certificate, ...]
    key: PrivateKeyTypes

    def pem(self) -> bytes:
        """All in one file, as HAProxy's `crt` reads it."""
        pem = serialization.Encoding.PEM
        key = self.key.private_bytes(
            pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return b"".join(it.public_bytes(pem) for it in self.certificates) + key


def ensure_certificate(
    told: Certificates, paths: Paths, wanted: CertificateNames, *, accounts: bool, now: datetime
) -> Certified:
    """See to it that the server has the certificate that the site names.

    With files the site's own authority stays beside it: it is in identity.tar, and people who
    trusted it need not do so again on the day the files are given up.
    """
    if not vouched(told, paths):
        return authority.ensure_certificate(paths, wanted, accounts=accounts, now=now)
    if told.source is Source.ACME:
        return _ordered(paths, wanted, accounts=accounts, now=now)
    assert told.chain is not None, "the parser demands it"
    assert told.key is not None, "the parser demands it"
    directory(paths.ca.parent, mode=keys.TRAVERSED)
    own = authority.ensure_authority(paths, wanted, now=now)
    taken = chain_in(told.chain, told.key, wanted.names, now=now).pem()
    owner = Owner.account(keys.HAPROXY) if accounts else Owner.ourselves()
    changed = _content(paths.certificate) != taken
    if changed:
        replace(paths.certificate, taken, owner=owner, mode=0o400)
    give(paths.certificate, owner=owner, mode=0o400)
    return Certified(
        fingerprint=own.fingerprint,
        renewed=Due.REPLACED if changed else None,
        new_authority=None,  # nobody is asked to trust it
    )


def vouched(told: Certificates, paths: Paths) -> bool:
    """Whether somebody else vouches; where loopback stands in, no such certificate fits."""
    return told.source is not Source.OWN and not paths.stand_in


def _ordered(paths: Paths, wanted: CertificateNames, *, accounts: bool, now: datetime) -> Certified:
    """What was ordered is in place already; our own authority is kept beside it."""
    directory(paths.ca.parent, mode=keys.TRAVERSED)
    own = authority.ensure_authority(paths, wanted, now=now)
    give(
        paths.certificate,
        owner=Owner.account(keys.HAPROXY) if accounts else Owner.ourselves(),
        mode=0o400,
    )
    return Certified(fingerprint=own.fingerprint, renewed=None, new_authority=None)


def served(paths: Paths) -> Covered | None:
    """What the certificate in use is good for; None where there is none, or we may not look."""
    try:
        return covered_by(x509.load_pem_x509_certificate(Path(paths.certificate).read_bytes()))
    except (OSError, ValueError):
        return None


def unfit(
    told: Certificates, paths: Paths, names: Sequence[str], *, now: datetime
) -> Trouble | None:
    """Why HAProxy could not be started with what is in place, or the next cannot be taken over.

    None where all is well, or we may not look.
    """
    if _is_damaged(Path(paths.certificate)):
        cure = "greygate cert issue" if told.source is Source.ACME else "greygate apply"
        what = _("{path} is damaged: HAProxy cannot be started with it")
        return Trouble(what.format(path=paths.certificate), cure)
    if told.source is not Source.FILES or not vouched(told, paths):
        return None
    assert told.chain is not None, "the parser demands it"
    assert told.key is not None, "the parser demands it"
    if not all(map(_may_read, (told.chain, told.key))):
        return None
    try:
        chain_in(told.chain, told.key, names, now=now)
    except Trouble as trouble:
        return trouble
    return None


def _is_damaged(certificate: Path) -> bool:
    try:
        content = certificate.read_bytes()
        x509.load_pem_x509_certificate(content)
        serialization.load_pem_private_key(content, password=None)
    except OSError:
        return False
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return True
    return False


def _may_read(path: PurePosixPath) -> bool:
    try:
        Path(path).read_bytes()
    except PermissionError:
        return False
    except OSError:
        return True  # that it is missing is known
    return True


def chain_in(
    chain: PurePosixPath, key: PurePosixPath, names: Sequence[str], *, now: datetime
) -> Chain:
    """The certificate in these files, fit to serve `names`; Trouble with the first thing wrong."""
    read = Chain(_certificates(chain), _key(key))
    problem = flaw(read, names, now)
    if problem is not None:
        what, cure = problem
        raise _unfit(chain, what, cure)
    return read


def flaw(read: Chain, names: Sequence[str], now: datetime) -> tuple[str, str] | None:
    """What is wrong with it for serving `names`, and the cure."""
    leaf = read.certificates[0]
    if leaf.public_key() != read.key.public_key():
        return (
            _("the key is not that of its first certificate"),
            _("name the chain and the key of one order; the server's own certificate comes first"),
        )
    covered = covered_by(leaf)
    missing = [name for name in names if not covers(covered, name)]
    if missing:
        return (
            _("it does not cover {missing}, only {names}").format(
                missing=listing(missing), names=listing(sorted(covered.names)) or _("no name")
            ),
            _("order one for all of: {names}").format(names=", ".join(names)),
        )
    return _out_of_time(covered, now) or _broken_chain(read.certificates)


def _out_of_time(covered: Covered, now: datetime) -> tuple[str, str] | None:
    if now >= covered.ends:
        return (
            _("it expired on {day:%Y-%m-%d}").format(day=covered.ends),
            _("renew it with the program that made it, then greygate cert renew"),
        )
    if now < covered.begins:
        return (
            _("it is valid only from {begin:%Y-%m-%d %H:%M} UTC").format(begin=covered.begins),
            _("see whether this machine's clock is right: timedatectl"),
        )
    return None


def _broken_chain(certificates: Sequence[x509.Certificate]) -> tuple[str, str] | None:
    for number, (one, issuer) in enumerate(pairwise(certificates), 2):
        try:
            one.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            return (
                _("its certificate number {number} did not issue the one before it").format(
                    number=number
                ),
                _("put the server's certificate first, then each that issued the one before it"),
            )
    if len(certificates) == 1 and _issuer_elsewhere(certificates[0]):
        return (
            _("it lacks the intermediate certificate: other servers will not trust it"),
            _("name the full chain: certbot's fullchain.pem, acme.sh's fullchain.cer"),
        )
    return None


def _issuer_elsewhere(leaf: x509.Certificate) -> bool:
    """Whether it says where its issuer's certificate is (RFC 5280 section 4.2.2.1)."""
    try:
        access = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    return any(it.access_method == AuthorityInformationAccessOID.CA_ISSUERS for it in access)


def _certificates(path: PurePosixPath) -> tuple[x509.Certificate, ...]:
    try:
        found = tuple(x509.load_pem_x509_certificates(_read(path)))
    except ValueError as broken:
        raise _unfit(
            path,
            _("there is no certificate in it, or a damaged one"),
            _(
                "chain = is a PEM file: BEGIN CERTIFICATE; to see it: openssl x509 -in {path}"
            ).format(path=path),
        ) from broken
    return found


def _key(path: PurePosixPath) -> PrivateKeyTypes:
    content = _read(path)
    try:
        return serialization.load_pem_private_key(content, password=None)
    except TypeError as encrypted:
        raise _unfit(
            path,
            _("the key is encrypted, and nobody is there to type its password"),
            _("write it without one: openssl pkey -in {path} -out FILE, mode 0600").format(
                path=path
            ),
        ) from encrypted
    except (ValueError, UnsupportedAlgorithm) as broken:
        raise _unfit(
            path,
            _("there is no private key in it, or a damaged one"),
            _("key = is a PEM file: BEGIN PRIVATE KEY; certbot's privkey.pem"),
        ) from broken


def _read(path: PurePosixPath) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as problem:
        raise _unfit(
            path,
            (problem.strerror or str(problem)).lower(),
            _("see chain and key under [certificates] in the site file, and run this as root"),
        ) from problem


def _content(path: PurePosixPath) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None


def _unfit(path: PurePosixPath, what: str, cure: str) -> Trouble:
    return Trouble(
        _("cannot use the certificate in {path}: {what}").format(path=path, what=what),
        cure,
    )
