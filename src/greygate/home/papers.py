"""What the operator takes away from the machine: the authority's certificate, the identity."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from greygate.errors import Trouble
from greygate.home.half import existing_site
from greygate.home.place import Place
from greygate.identity import archive, authority
from greygate.spec.certificate import fingerprint
from greygate.text import _


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate to hand out, and what people compare."""

    content: bytes
    form: str
    fingerprint: str

    def told(self) -> dict[str, Any]:
        text = self.content.hex() if self.form == "der" else self.content.decode()
        return {"form": self.form, "sha256": self.fingerprint, "content": text}


def authority_paper(place: Place, *, form: Literal["pem", "der"]) -> Paper:
    """The certificate authority in the form that a device asks for."""
    certificate = authority.authority_certificate(place.paths)
    return Paper(authority.export(place.paths, form=form), form, fingerprint(certificate))


def identity(place: Place, named_site: Path | None) -> bytes:
    """The archive as it is now, brought up to date with the site file first."""
    source = existing_site(place, named_site, os.environ)
    try:
        archive.ensure_archive(place.paths, site=source.read_text("utf-8"))
        return Path(place.paths.identity).read_bytes()
    except FileNotFoundError as absent:
        raise Trouble(
            _("cannot archive the identity: there is none yet"),
            _("it is made at the first start: greygate up"),
        ) from absent
    except PermissionError as refused:
        raise Trouble(
            _("cannot read {path}: not allowed").format(path=refused.filename),
            _("run this as root: sudo greygate backup identity FILE"),
        ) from refused
