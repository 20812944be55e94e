"""`greygate init`: write the site file."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.telling import told_doubts
from greygate.errors import Interrupted, WrongUsage
from greygate.home import choice, site_file
from greygate.home.preparation import found
from greygate.site.interview import answered, demand_all_asked, interview
from greygate.site.model import Site, Source
from greygate.site.question import Question
from greygate.text import _

Texts = Annotated[list[str] | None, Parameter(consume_multiple=False)]


@Parameter(name="*")
@dataclass(frozen=True, slots=True, kw_only=True)
class Flags:
    """Each answers one question of the interview."""

    client: Annotated[
        str | None, Parameter(metavar="NAME", help="What apps connect to; m.SERVER_NAME otherwise.")
    ] = None
    node: Annotated[
        str | None,
        Parameter(
            metavar="WHOSE",
            help="Whose Yggdrasil. managed: one of our own. system: the one that runs here. "
            "routed: another machine's routes a subnet here. loopback: none, for trying.",
        ),
    ] = None
    address: Annotated[
        str | None, Parameter(metavar="ADDRESS", help="The overlay address, where it is routed.")
    ] = None
    peer: Annotated[
        Texts, Parameter(metavar="URI", help="A Yggdrasil peer to dial; once for each.")
    ] = None
    listen: Annotated[
        Texts, Parameter(metavar="URI", help="Where friends' nodes may dial this one.")
    ] = None
    first: Annotated[
        str | None, Parameter(metavar="NAME", help="The first person; `owner` otherwise.")
    ] = None
    email: Annotated[
        str | None, Parameter(metavar="ADDRESS", help="Where people ask for help.")
    ] = None

    edge_name: Annotated[
        str | None,
        Parameter(metavar="NAME", help="The edge's name in DNS: the server federates through it."),
    ] = None
    edge_address: Annotated[
        Texts, Parameter(metavar="ADDRESS", help="A public address of the edge; once for each.")
    ] = None
    layout: Annotated[
        str | None,
        Parameter(
            metavar="LAYOUT", help="What the server name resolves to: none, overlay or clearnet."
        ),
    ] = None
    acme_dns: Annotated[
        str | None,
        Parameter(
            metavar="URL",
            help="The acme-dns by which certificates are ordered; manual: you type a value at "
            "every renewal.",
        ),
    ] = None
    chain: Annotated[
        str | None,
        Parameter(metavar="FILE", help="The certificate that another program keeps, PEM."),
    ] = None
    key: Annotated[str | None, Parameter(metavar="FILE", help="Its private key, PEM.")] = None
    issuer: Annotated[
        str | None, Parameter(metavar="NAME", help="Its authority in CAA records.")
    ] = None
    account: Annotated[
        str | None, Parameter(metavar="URI", help="The ACME account that orders it.")
    ] = None

    def answers(self) -> dict[str, str]:
        """By the question's key; what was not said is not in it."""
        federates = self.edge_name is not None or self.edge_address is not None
        kept = self.chain is not None or self.key is not None
        said = {
            "federation": "yes" if federates else None,
            "names.client": self.client,
            "overlay.node": self.node,
            "overlay.address": self.address,
            "overlay.peers": " ".join(self.peer) if self.peer else None,
            "names.layout": self.layout,
            "edge.name": self.edge_name,
            "edge.addresses": " ".join(self.edge_address) if self.edge_address else None,
            "certificates.source": "files" if kept else "acme" if self.acme_dns else None,
            "zone.acme_dns": self.acme_dns,
            "certificates.chain": self.chain,
            "certificates.key": self.key,
            "certificates.issuer": self.issuer,
            "certificates.account": self.account,
            "people.first": self.first,
            "support.email": self.email,
        }
        return {key: answer for key, answer in said.items() if answer is not None}


NOTHING_SAID = Flags()


def command(
    name: Annotated[str | None, Parameter(help="The server name: it is for ever.")] = None,
    /,
    *,
    flags: Flags = NOTHING_SAID,
    accept: Annotated[
        Texts,
        Parameter(
            metavar="DOUBT", help="A doubt about the name that was told, and that you accept."
        ),
    ] = None,
    yes: Annotated[bool, Parameter(help="Ask nothing: take the defaults.")] = False,
    common: Common = NONE,
) -> None:
    """Write the site file, from flags or, on a terminal, from questions that explain themselves.

    The server's keys are made too, so that its overlay address is known from now on. A file
    that is there already is never overwritten.

    For example:

        greygate init
        greygate init home.example --peer tls://192.0.2.10:443 --first anna --yes

    A server that federates, through the host that is called edge.other.example:

        greygate init home.example --edge-name edge.other.example \\
            --edge-address 192.0.2.10 --acme-dns https://auth.example.org
    """
    place = common.place()
    site_file.demand_free(place, named=common.site)
    given = ({} if name is None else {"server_name": name}) | flags.answers()
    try:
        site = _site(given, tuple(accept or ()), asking=sys.stdin.isatty() and not yes)
    except KeyboardInterrupt:
        raise Interrupted(_("nothing was written; the answers are not kept")) from None
    site = replace(site, overlay=replace(site.overlay, listen=tuple(flags.listen or ())))
    try:
        source = site_file.begin(place, site, output.Steps(), named=common.site)
        home = found(source, place, choice.look())
    except KeyboardInterrupt:
        raise Interrupted(_then(common.site or place.new_site, site)) from None
    told = {"site": str(source), "server_name": str(site.server_name), "url": home.plan.address_url}
    for doubt in told_doubts(site):
        output.note(doubt)
    text = _("{name} will be at {url}\nnext: {next}").format(
        name=site.server_name, url=home.plan.address_url, next=_next(site)
    )
    output.emit(told, as_json=common.json, text=text)


def _then(file: Path, site: Site) -> str:
    """What follows an interruption: a site file that is there is not written again."""
    if not file.is_file():
        return _("nothing was written; run the same command again")
    return _("{file} is written, only keys are missing: {next}").format(
        file=file,
        next=_("greygate install") if not site.federation else _next(site),
    )


def _next(site: Site) -> str:
    if not site.federation:
        return _("greygate show plan, then greygate install")
    edge = site.edges[0].id
    if site.certificates.source is Source.ACME:
        return _(
            "greygate cert register, greygate dns plan, greygate cert issue, greygate install, "
            "then greygate edge deploy {edge} root@HOST"
        ).format(edge=edge)
    return _(
        "greygate dns plan, greygate install, then greygate edge deploy {edge} root@HOST"
    ).format(edge=edge)


def _usual_node() -> str:
    return choice.chosen_node(choice.look()).value


def _site(given: dict[str, str], accepted: tuple[str, ...], *, asking: bool) -> Site:
    """From the flags alone, or by asking for what they leave out."""
    if asking:
        return _interviewed(given, accepted)
    if "server_name" not in given:
        raise WrongUsage(_("cannot go on without a server name"), "greygate init NAME")
    return answered({"overlay.node": _usual_node(), **given}, accepted)


def _interviewed(given: dict[str, str], accepted: tuple[str, ...]) -> Site:
    """Ask what the flags did not answer; a flag that will not do is asked about."""
    questions = interview(accepted)
    question = next(questions)
    while True:
        flag = given.pop(question.key, None)
        try:
            question = questions.send(flag if flag is not None else _asked(question))
        except StopIteration as done:
            demand_all_asked(given)
            site: Site = done.value
            return site


def _asked(question: Question) -> str:
    if question.problem:
        output.note(output.wrapped(question.problem, indent="  "))
        if question.advice:
            output.note(output.wrapped(question.advice, indent="  "))
    else:
        output.note("\n" + output.wrapped(question.text))
        output.note(output.wrapped(question.explain, indent="  "))
    default = f" [{question.default}]" if question.default else ""
    return output.ask(f"{question.key}{default}:")
