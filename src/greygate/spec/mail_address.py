"""Mail addresses (RFC 5322 `dot-atom@domain`, RFC 6531): what can be published, what ACME takes."""

from __future__ import annotations

import re

from greygate.spec.host_name import host_name_problem, international_problem
from greygate.text import _

# Neither blanks nor what ends or quotes an address in a header, a list or a URI.
_LOCAL_PART = re.compile(r"""[^\s\x00-\x1f\x7f@()<>\[\]:;,\\"]+""")


def mail_address_problem(text: str) -> str | None:
    """Why nobody can be written to at `text`; None where somebody can."""
    local_part, _at, domain = text.rpartition("@")
    if not _LOCAL_PART.fullmatch(local_part):
        return _("{text!r} is no mail address").format(text=text)
    why = host_name_problem(domain) if domain.isascii() else international_problem(domain)
    return why and _("{text!r} is no mail address: {why}").format(text=text, why=why)


def contact_problem(text: str) -> str | None:
    """Why no ACME server takes `mailto:` and `text` as a contact (RFC 8555, 7.3)."""
    if odd := next((it for it in text if not it.isascii()), None):
        return _("{odd!r} cannot be in an address that an authority writes to").format(odd=odd)
    if why := mail_address_problem(text):
        return why
    dotted = "." in text.rpartition("@")[2]
    return None if dotted else _("{text!r} has no domain that others know").format(text=text)
