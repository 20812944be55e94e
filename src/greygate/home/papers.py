"""What the operator takes away from the machine: the authority's certificate, the identity."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from greygate.components.component import SOCKET_GROUPS
from greygate.errors import Trouble
from greygate.home.aside import set_trial_aside, trial_in
from greygate.home.half import Home, existing_site
from greygate.home.in_use import catch_up, put_in_use
from greygate.home.place import Place, demand_passable
from greygate.identity import archive, authority, certificate_files, keys
from greygate.machine import accounts, named_file
from greygate.plan.paths import Paths
from greygate.progress import Progress
from greygate.run import lock
from greygate.site import load
from greygate.spec.certificate import Due, fingerprint
from greygate.text import _


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate to hand out, and what people compare."""

    content: bytes
    form: str
    fingerprint: str

    def told(self) -> dict[str, Any]:
        plain = base64.b64encode(self.content) if self.form == "der" else self.content
        text = plain.decode("ascii")
        return {"form": self.form, "sha256": self.fingerprint, "content": text}


def authority_paper(paths: Paths, *, form: Literal["pem", "der"]) -> Paper:
    """The certificate authority in the form that a device asks for."""
    certificate = authority.authority_certificate(paths)
    return Paper(authority.export(paths, form=form), form, fingerprint(certificate))


def renewed(home: Home, progress: Progress, *, now: datetime) -> Due | None:
    """Why the server has a new certificate that was not ordered, and serves it; None where it has
    the old one."""
    if home.substitute is not None:
        raise Trouble(
            _("cannot renew the certificate: {why}").format(why=home.substitute),
            home.cure or _("see what is missing: greygate status"),
        )
    paths, plan = home.plan.paths, home.plan
    with lock.changing(paths, progress):
        certified = certificate_files.ensure_certificate(
            home.site.certificates, paths, plan.certificate, accounts=plan.accounts, now=now
        )
        if certified.renewed is None:
            catch_up(home)
        else:
            put_in_use(home)
    return certified.renewed


def identity(place: Place, named_site: Path | None, environ: Mapping[str, str]) -> bytes:
    """The archive as it is now, brought up to date with the site file first."""
    source = existing_site(place, named_site, environ)
    if Path(place.paths.site_mark).exists():
        # No other site goes into it.
        keys.demand_marked(place.paths, str(load.load(source).server_name))
    try:
        archive.ensure_archive(place.paths, site=load.read(source))
        return Path(place.paths.identity).read_bytes()
    except FileNotFoundError as absent:
        if Path(place.paths.identity).exists():
            raise keys.lost(place.paths, PurePosixPath(absent.filename)) from absent
        raise Trouble(
            _("cannot archive the identity: there is none yet"),
            _("it is made at the first start: greygate up"),
        ) from absent
    except PermissionError as refused:
        raise Trouble(
            _("cannot read {path}: not allowed").format(path=refused.filename),
            _("run this as root: sudo greygate backup identity FILE"),
        ) from refused


def beside(place: Place, named_site: Path | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What the operator keeps for this server and the archive does not hold."""
    zones = load.load(existing_site(place, named_site, environ)).zones
    kept = (it for zone in zones for it in (zone.key_file, zone.credentials) if it is not None)
    return tuple(dict.fromkeys((*archive.left_out(place.paths), *map(str, kept))))


@dataclass(frozen=True, slots=True)
class Restored:
    """A server that is back, and where its site file is."""

    server_name: str
    site: Path


def restore(place: Place, file: Path, progress: Progress) -> Restored:
    """Put an identity in place where no other server is; run again, it goes on."""
    try:
        kept = archive.read(named_file.read(file, most=archive.LARGEST_WHOLE))
    except OSError as refused:
        raise Trouble(
            _("cannot read {path}: {why}").format(path=file, why=refused.strerror),
            _("name the copy of identity.tar that you kept"),
        ) from refused
    if kept.server_name != trial_in(place):
        set_trial_aside(place, progress)
    demand_passable(place)
    if place.root:
        accounts.ensure(keys.ACCOUNTS, SOCKET_GROUPS)
    archive.restore_into(place.paths, kept, accounts=place.root)
    site = place.new_site
    if kept.site is not None and not site.exists():
        load.write(site, kept.site)
    return Restored(kept.server_name, site)
