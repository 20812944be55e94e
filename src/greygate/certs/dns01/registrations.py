"""What acme-dns servers gave us when our names were registered: credentials, JSON, root only."""

from __future__ import annotations

import json
from pathlib import Path, PurePath

from greygate.errors import Trouble
from greygate.plan.paths import Paths
from greygate.spec.dns import bare
from greygate.text import _

PARTS = ("username", "password", "fulldomain", "subdomain")

Registration = dict[str, str]


def load(file: PurePath) -> dict[str, dict[str, Registration]]:
    """By server, and by our name."""
    try:
        found = json.loads(Path(file).read_bytes())
        return {
            server: {name: {it: str(each[it]) for it in PARTS} for name, each in names.items()}
            for server, names in found.items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, AttributeError, TypeError) as broken:
        raise Trouble(
            _("cannot read the credentials of acme-dns in {kept}: damaged").format(kept=file),
            _("put it back from a backup; or take it away, and publish the new CNAMEs"),
        ) from broken


def registered(server: str, paths: Paths) -> dict[str, str]:
    """Where each name leads that is registered there, as far as we may look; nobody is asked."""
    try:
        made = load(paths.acme_dns).get(server.rstrip("/"), {})
    except (Trouble, PermissionError):
        return {}
    return {name: bare(it["fulldomain"]) for name, it in made.items()}
