"""How the certificate stands, and what comes next, from the disk alone: what `status` looks at.

Nothing here knows ACME itself, whose library takes a fifth of a second to import.
"""

from __future__ import annotations

from datetime import datetime

from greygate.certs.installation import in_place, placed, unfit
from greygate.certs.kept import Kept
from greygate.plan.paths import Paths
from greygate.site.defaults import certified
from greygate.site.model import Site
from greygate.spec.renewal import Outlook, outlook


def look(site: Site, paths: Paths, *, now: datetime) -> Outlook:
    """How the certificate stands, from the disk alone."""
    authority = site.certificates.directory
    kept, seen = Kept(paths, authority), in_place(paths)
    names = tuple(it.lower() for it in certified(site))
    return outlook(
        None if seen is None else placed(seen, kept, authority),
        kept.failure(),
        kept.suggestion(),
        unfit=unfit(seen, kept, names, authority),
        now=now,
    )
