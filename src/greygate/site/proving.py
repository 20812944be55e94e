"""What the site file says for ACME: whom to ask, for what, and how a zone is proved to be ours."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TypedDict

from greygate.site.model import LETS_ENCRYPT, Challenge, Edge, KeyType, Source
from greygate.site.near_name import mail_hint, uri_hint
from greygate.site.reading import Reading
from greygate.site.zones import spelled
from greygate.spec.mail_address import contact_problem
from greygate.spec.web_address import url_problem
from greygate.text import _, listing

ONLY_ORDERED = ("email", "directory", "key_type", "profile", "preferred_chain")


class Ordered(TypedDict, total=False):
    """What of `Certificates` means something for ACME alone."""

    email: str | None
    directory: str
    key_type: KeyType
    profile: str | None
    preferred_chain: str | None


def ordered(reading: Reading, source: Source) -> Ordered:
    """What is ordered, and where; noted where another source makes it meaningless."""
    if source is not Source.ACME and not reading.unreadable("certificates.source"):
        for name in ONLY_ORDERED:
            meaningless(reading, f"certificates.{name}", source, wanted=Source.ACME)
        return {}
    email = reading.text("certificates.email")
    if email is not None and (why := contact_problem(email)):
        hint = mail_hint(email, _('write it like "me@example.org"'))
        reading.wrong("certificates.email", why, hint)
    directory = _https(reading, "certificates.directory", LETS_ENCRYPT)
    return Ordered(
        email=email,
        directory=directory or LETS_ENCRYPT,
        key_type=reading.choice("certificates.key_type", KeyType, KeyType.ECDSA),
        profile=reading.text("certificates.profile"),
        preferred_chain=reading.text("certificates.preferred_chain"),
    )


def demand_delegable(reading: Reading, edges: Sequence[Edge], in_alfis: Container[str]) -> None:
    """Note where own-dns would need a delegation in Alfis, which has it for whole names only."""
    names = {edge.id: edge.name for edge in edges}
    for at in reading.elements("zone"):
        edge = reading.value(f"{at}.edge") or next(iter(names), "")
        own = reading.value(f"{at}.challenge") == Challenge.OWN_DNS.value
        if own and names.get(str(edge)) in in_alfis:
            reading.wrong(
                f"{at}.challenge",
                _("no zone can be hung below {name}: it is in Alfis").format(name=names[str(edge)]),
                _('give the edge a name in another zone, or write challenge = "acme-dns"'),
            )


def demand_proofs(reading: Reading, unproved: list[str]) -> None:
    """Note the zones of our names whose challenges nobody answers."""
    if unproved:
        reading.wrong(
            "certificates.source",
            _('source = "acme" has to prove that {zones} is yours, and is not told how').format(
                zones=listing(unproved)
            ),
            _('write [[zone]] with name = "{zone}" and challenge = ...: {ways}').format(
                zone=unproved[0], ways=spelled(Challenge)
            ),
        )


def meaningless(reading: Reading, key: str, source: Source, *, wanted: Source) -> None:
    """Note a key that only another source gives a meaning."""
    if reading.stands(key):
        reading.wrong(
            key,
            _('{name} means nothing with source = "{source}"').format(
                name=key.rpartition(".")[2], source=source.value
            ),
            _('write source = "{wanted}" beside it, or take this line away').format(
                wanted=wanted.value
            ),
        )


def _https(reading: Reading, key: str, example: str) -> str | None:
    text = reading.text(key)
    if text is not None and (why := url_problem(text)):
        told = _("{text!r} is no https address: {why}").format(text=text, why=why)
        otherwise = _('write it like "{example}"').format(example=example)
        reading.wrong(key, told, uri_hint(text, otherwise))
    return text
