"""The certificate in service: looked at, and exchanged whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509

from greygate.certs.kept import Installed, Kept
from greygate.identity import keys
from greygate.identity.certificate_files import Chain
from greygate.machine import files
from greygate.machine.files import Owner, directory
from greygate.plan.paths import Paths
from greygate.spec.certificate import Due, covered_by, covers, fingerprint
from greygate.spec.renewal import InPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is in place: the server's own certificate."""

    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.certificate)

    @property
    def told(self) -> InPlace:
        return InPlace(covered=covered_by(self.certificate), fingerprint=self.fingerprint)

    @property
    def issuer(self) -> str:
        """Who made it, by organisation and name."""
        return self.certificate.issuer.rfc4514_string()


def in_place(paths: Paths) -> Seen | None:
    """The certificate that serves; None where there is none, or none that can be read."""
    try:
        return Seen(
            certificate=x509.load_pem_x509_certificate(Path(paths.certificate).read_bytes())
        )
    except (OSError, ValueError):
        return None


def unfit(seen: Seen | None, kept: Kept, names: tuple[str, ...], authority: str) -> Due | None:
    """Why what is in place does not do, whatever its age."""
    if seen is None:
        return Due.UNREADABLE
    if not is_from(authority, seen, kept):
        return Due.OTHER_ISSUER
    covered = covered_by(seen.certificate)
    wanted = {it.lower() for it in names}
    if not all(covers(covered, it) for it in wanted) or len(covered.names) != len(wanted):
        return Due.OTHER_NAMES
    return None


def is_from(authority: str, seen: Seen, kept: Kept) -> bool:
    """Whether we put it in place, from that authority."""
    return _installed(seen, kept, authority) is not None


def placed(seen: Seen, kept: Kept, authority: str) -> InPlace:
    """The same certificate, with what is known of its arrival."""
    installed = _installed(seen, kept, authority)
    if installed is None:
        return seen.told
    return replace(seen.told, since=installed.at, clock_ahead=installed.clock_ahead)


def _installed(seen: Seen, kept: Kept, authority: str) -> Installed | None:
    found = kept.installed()
    ours = found is not None and (found.directory, found.fingerprint) == (
        authority,
        seen.fingerprint,
    )
    return found if ours else None


def install(
    paths: Paths,
    kept: Kept,
    chain: Chain,
    *,
    accounts: bool,
    now: datetime,
    clock_ahead: timedelta | None,
) -> None:
    """Put a checked certificate in place: whoever reads sees the old file or the new one."""
    directory(paths.certificate.parent, mode=keys.TRAVERSED)
    owner = Owner.account(keys.HAPROXY) if accounts else Owner.ourselves()
    kept.keep_installed(fingerprint(chain.certificates[0]), at=now, clock_ahead=clock_ahead)
    files.replace(paths.certificate, chain.pem(), owner=owner, mode=0o400)
