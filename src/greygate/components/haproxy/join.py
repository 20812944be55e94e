"""The page that takes a person from an invitation to an account: one file per language and URL.

Whoever opened it by address is told the address: there the name may resolve nowhere.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from pathlib import PurePosixPath

from greygate.components.component import File
from greygate.components.template import fill, packaged_text
from greygate.plan.plan import Plan
from greygate.site.model import Site, Source

TARGET = "/join"  # the invitation adds #token=…&peer=…&peer=…: a fragment is never sent
CERTIFICATE = "/join/ca.crt"
LANGUAGES = ("en", "ru")

_PACKAGE = "greygate.components.haproxy"


def path(language: str, *, by_address: bool) -> PurePosixPath:
    return PurePosixPath(f"haproxy/join{'-by-address' if by_address else ''}.{language}.html")


def files(site: Site, plan: Plan) -> tuple[File, ...]:
    return tuple(
        File(path(language, by_address=by_address), _page(language, site, url))
        for language in LANGUAGES
        for by_address, url in ((False, plan.base_url), (True, plan.address_url))
    )


def _page(language: str, site: Site, url: str) -> str:
    from html import escape  # slow to import, and who only looks renders nothing

    return fill(
        _PACKAGE,
        f"join.{language}.html.tmpl",
        server_name=escape(str(site.server_name)),
        url=escape(url),
        trust=_trust(language, site),
        style=_STYLE,
        script=_SCRIPT,
    )


def _trust(language: str, site: Site) -> str:
    """Devices must be told to trust our own authority; a public one they trust already."""
    if site.certificates.source is not Source.OWN:
        return ""
    return fill(_PACKAGE, f"trust.{language}.html.tmpl", certificate=CERTIFICATE)


def _text(name: str) -> str:
    return packaged_text(_PACKAGE, name)


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


_STYLE = _text("join.css")
_SCRIPT = _text("join.js")

# The page may run its own two pieces of text and nothing else, and reach nothing.
HEADERS = (
    (
        "Content-Security-Policy",
        f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-cache"),
    ("Vary", "Accept-Language"),
)
