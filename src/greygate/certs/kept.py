"""What is kept of our dealings with an authority: accounts, an unfinished order, the last failure.

Each is one small JSON file, root's alone, replaced whole. A damaged one is as good as none, but
for accounts, which CAA records may name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from greygate.errors import Trouble
from greygate.identity import keys
from greygate.machine.files import Owner, directory, replace
from greygate.plan.paths import Paths
from greygate.secret import Secret
from greygate.spec.renewal import Failure, Suggestion
from greygate.text import _

if TYPE_CHECKING:
    from cryptography import x509

OURS_ALONE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account at an authority, by its address; `coming`: a key that is about to be its key."""

    uri: str | None  # None: the key was made, and the authority not asked yet
    key: Secret  # PEM
    coming: Secret | None = None
    identities: tuple[str, ...] = ()  # what the authority is called in CAA records


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptOrder:
    """An order under way, and the key that its certificate will have."""

    uri: str
    names: tuple[str, ...]
    key: Secret  # PEM


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The certificate that we put in place last, and whose it is."""

    directory: str
    fingerprint: str
    at: datetime | None = None  # by our clock
    clock_ahead: timedelta | None = None  # of the authority's


class Kept:
    """The files of one authority."""

    def __init__(self, paths: Paths, authority: str) -> None:
        self._paths = paths
        self._authority = authority
        self._below = paths.acme / urlsplit(authority).netloc.replace(":", "_")

    @property
    def accounts(self) -> PurePosixPath:
        """The file of all accounts."""
        return self._paths.acme_accounts

    def account(self) -> Account | None:
        try:
            found = _accounts(self._paths)[self._authority]
            coming = found.get("coming")
            return Account(
                uri=found["uri"],
                key=Secret(str(found["key"])),
                coming=None if coming is None else Secret(str(coming)),
                identities=tuple(map(str, found.get("identities", ()))),
            )
        except KeyError:
            return None

    def keep_account(self, account: Account) -> None:
        told = {
            "uri": account.uri,
            "key": account.key.reveal(),
            "coming": None if account.coming is None else account.coming.reveal(),
            "identities": list(account.identities),
        }
        _write(self._paths.acme_accounts, {**_accounts(self._paths), self._authority: told})

    def order(self) -> KeptOrder | None:
        match _read(self._below / "order.json"):
            case {"uri": str(uri), "names": list(names), "key": str(key)}:
                return KeptOrder(uri=uri, names=tuple(map(str, names)), key=Secret(key))
            case _:
                return None

    def keep_order(self, order: KeptOrder) -> None:
        told = {"uri": order.uri, "names": list(order.names), "key": order.key.reveal()}
        _write(self._below / "order.json", told)

    def forget_order(self) -> None:
        Path(self._below / "order.json").unlink(missing_ok=True)

    def failure(self) -> Failure | None:
        found = _read(self._paths.acme / "failure.json")
        try:
            return Failure(
                at=datetime.fromisoformat(found["at"]),
                cause=str(found["cause"]),
                cure=str(found["cure"]),
                times=int(found["times"]),
                about=found["about"],
                not_before=found["not_before"] and datetime.fromisoformat(found["not_before"]),
            )
        except (KeyError, ValueError, TypeError):
            return None

    def keep_failure(self, failure: Failure) -> None:
        _write(
            self._paths.acme / "failure.json",
            {
                "at": failure.at.isoformat(),
                "cause": failure.cause,
                "cure": failure.cure,
                "times": failure.times,
                "about": failure.about,
                "not_before": failure.not_before and failure.not_before.isoformat(),
            },
        )

    def forget_failure(self) -> None:
        Path(self._paths.acme / "failure.json").unlink(missing_ok=True)

    def suggestion(self) -> Suggestion | None:
        found = _read(self._below / "suggestion.json")
        try:
            at = None if found["at"] is None else datetime.fromisoformat(found["at"])
            again = datetime.fromisoformat(found["ask_again"])
            return Suggestion(str(found["about"]), at, again)
        except (KeyError, ValueError, TypeError):
            return None

    def keep_suggestion(self, it: Suggestion) -> None:
        told = {
            "about": it.about,
            "at": it.at and it.at.isoformat(),
            "ask_again": it.ask_again.isoformat(),
        }
        _write(self._below / "suggestion.json", told)

    def revoking(self) -> x509.Certificate | None:
        """The one that is to be revoked, while another takes its place."""
        match _read(self._below / "revoking.json"):
            case {"pem": str(pem)}:
                from cryptography.x509 import load_pem_x509_certificate  # slow to import

                return load_pem_x509_certificate(pem.encode())
            case _:
                return None

    def keep_revoking(self, certificate: x509.Certificate) -> None:
        from cryptography.hazmat.primitives import serialization

        pem = certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
        _write(self._below / "revoking.json", {"pem": pem})

    def forget_revoking(self) -> None:
        Path(self._below / "revoking.json").unlink(missing_ok=True)

    def installed(self) -> Installed | None:
        found = _read(self._paths.acme / "installed.json")
        try:
            at, ahead = found.get("at"), found.get("clock_ahead")
            return Installed(
                directory=str(found["directory"]),
                fingerprint=str(found["fingerprint"]),
                at=None if at is None else datetime.fromisoformat(at),
                clock_ahead=None if ahead is None else timedelta(seconds=ahead),
            )
        except (KeyError, ValueError, TypeError):
            return None

    def keep_installed(
        self, fingerprint: str, *, at: datetime, clock_ahead: timedelta | None
    ) -> None:
        told = {
            "directory": self._authority,
            "fingerprint": fingerprint,
            "at": at.isoformat(),
            "clock_ahead": None if clock_ahead is None else clock_ahead.total_seconds(),
        }
        _write(self._paths.acme / "installed.json", told)


def _accounts(paths: Paths) -> dict[str, dict[str, Any]]:
    path = paths.acme_accounts
    try:
        found = json.loads(Path(path).read_bytes())
        return {str(it): dict(account) for it, account in found.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, AttributeError, TypeError) as broken:
        raise Trouble(
            _("cannot read the accounts in {path}: damaged").format(path=path),
            _("put it back from identity.tar; without it another account is opened"),
        ) from broken
    except PermissionError as closed:
        raise Trouble(
            _("cannot read {path}: not allowed").format(path=path), _("run this as root")
        ) from closed


def _read(path: PurePosixPath) -> dict[str, Any]:
    try:
        found = json.loads(Path(path).read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: PurePosixPath, content: dict[str, Any]) -> None:
    directory(path.parent, mode=keys.TRAVERSED if path.parent.name == "keys" else OURS_ALONE)
    text = json.dumps(content, indent=2) + "\n"
    replace(path, text.encode(), owner=Owner.ourselves(), mode=0o600)
