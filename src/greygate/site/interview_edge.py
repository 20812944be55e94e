"""The questions of `init` about other servers: the layout, the edge, the certificate."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import PurePosixPath

from greygate.site.edges import address_problem, name_problem
from greygate.site.file_path import path_problem
from greygate.site.model import Certificates, Challenge, Edge, Layout, Source
from greygate.site.near_name import host_hint
from greygate.site.question import Question, asked
from greygate.site.zones import acme_dns_problem
from greygate.spec.host_name import host_name_problem
from greygate.spec.web_address import url_problem
from greygate.text import _

FIRST_EDGE = "edge1"


@dataclass(frozen=True, slots=True, kw_only=True)
class WayIn:
    """How other servers come in, as it was answered."""

    layout: Layout
    edges: tuple[Edge, ...]
    certificates: Certificates
    acme_dns: str | None  # where the zones' challenges are answered; None: by hand


def way_in(taken: Sequence[str]) -> Generator[Question, str, WayIn]:
    """Ask for everything that federation needs; `taken` are names that are the home's own."""
    layout = yield from _layout()
    edge = yield from _edge(taken)
    certificates = yield from _certificates()
    ordered = certificates.source is Source.ACME
    acme_dns = (yield from asked(_ACME_DNS)) if ordered else ""
    return WayIn(
        layout=layout,
        edges=(edge,),
        certificates=certificates,
        acme_dns=acme_dns if acme_dns != Challenge.MANUAL.value else None,
    )


def _certificates() -> Generator[Question, str, Certificates]:
    if (yield from asked(_SOURCE)) == Source.ACME.value:
        return Certificates(source=Source.ACME)
    chain = yield from asked(_file("chain", _("the certificate with its chain")))
    key = yield from asked(_file("key", _("its private key")))
    issuer = yield from asked(_ISSUER)
    account = (yield from asked(_ACCOUNT)) if issuer else ""
    return Certificates(
        source=Source.FILES,
        chain=PurePosixPath(chain),
        key=PurePosixPath(key),
        issuer=issuer or None,
        account=account or None,
    )


def _layout() -> Generator[Question, str, Layout]:
    answer = yield from asked(
        Question(
            key="names.layout",
            text=_("What does the server name itself resolve to: none, overlay or clearnet?"),
            explain=_(
                "none: no address; people type the client name; nobody waits, and nobody else can "
                "get a certificate for it. overlay: the overlay address; servers with broken IPv6 "
                "hang on it. clearnet: the edge's address; needs a CAA record."
            ),
            default=Layout.NONE.value,
            check=lambda given: (
                None
                if given in {layout.value for layout in Layout}
                else _("it can be none, overlay or clearnet")
            ),
        )
    )
    return Layout(answer)


def _edge(taken: Sequence[str]) -> Generator[Question, str, Edge]:
    name = yield from asked(
        Question(
            key="edge.name",
            text=_("What is the edge, your rented host, called in DNS?"),
            explain=_(
                "The SRV records name it. It may be in any zone that you can write, also in "
                "another one than the server name."
            ),
            check=lambda given: _name_problem(given, taken),
            advise=lambda given: host_hint(given, "", lambda near: _name_problem(near, taken)),
        )
    )
    addresses = yield from asked(
        Question(
            key="edge.addresses",
            text=_("Which public addresses does the edge have?"),
            explain=_("IPv4 and, if it has one, IPv6, with a blank between them."),
            check=_addresses_problem,
        )
    )
    return Edge(id=FIRST_EDGE, name=name, addresses=tuple(map(ip_address, _words(addresses))))


def _name_problem(given: str, taken: Sequence[str]) -> str | None:
    if given.lower() in taken:
        return _("{name} is a name of the server itself; the edge needs another").format(name=given)
    return name_problem(given, ("doubt.not-public",))


def _addresses_problem(given: str) -> str | None:
    problems = (address_problem(word) for word in _words(given))
    return next((problem for problem in problems if problem), None)


def _words(given: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", given) if word]


def _file(name: str, what: str) -> Question:
    return Question(
        key=f"certificates.{name}",
        text=_("In which file is {what}?").format(what=what),
        explain=_(
            "Other servers trust public authorities only. Have certbot, acme.sh or lego keep a "
            "certificate for the server name, the client name and the edge's name, by DNS-01; "
            "it may come later than this answer."
        ),
        check=path_problem,
    )


_SOURCE = Question(
    key="certificates.source",
    text=_("Where does the certificate come from: acme or files?"),
    explain=_(
        "acme: it is ordered from Let's Encrypt and renewed here. files: another program keeps it."
    ),
    default=Source.ACME.value,
    check=lambda given: (
        None if given in (Source.ACME.value, Source.FILES.value) else _("it can be acme or files")
    ),
)
_ACME_DNS = Question(
    key="zone.acme_dns",
    text=_("Which acme-dns shall prove that the zones are yours?"),
    explain=_(
        "Its https address: your own, or a public one, whose owner could then get certificates "
        "for your names. It takes one CNAME for each name, once. manual: you type a value at "
        "every renewal. For a zone that can be written from here say manual now, and how below "
        "[[zone]] in the file."
    ),
    check=lambda given: None if given == Challenge.MANUAL.value else acme_dns_problem(given),
)
_ISSUER = Question(
    key="certificates.issuer",
    text=_("Which authority makes the certificate?"),
    explain=_(
        "Its name in CAA records, such as letsencrypt.org: `greygate dns plan` then forbids all "
        "others to make one. It may be left out; layout clearnet needs it."
    ),
    default="",
    check=host_name_problem,
)
_ACCOUNT = Question(
    key="certificates.account",
    text=_("Which ACME account orders it?"),
    explain=_("Its https address, as `certbot show_account` tells it; it may be left out."),
    default="",
    check=url_problem,
)
