"""`greygate cert`: the server's certificate, and the authority that people may have to trust."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from greygate.cli import cert_report, output
from greygate.cli.common import NONE, Common
from greygate.cli.help import family
from greygate.cli.values import NAMED, Whole
from greygate.errors import WrongUsage
from greygate.home import agents, certificates, papers
from greygate.machine import named_file
from greygate.probe.dns import Place, place_of
from greygate.site.model import Source
from greygate.text import _

command = family("cert", "The certificate: register, order, renew, revoke; the authority.")

UNHEALTHY = 1
MOST_AHEAD = 366 * 86_400  # seconds

Resolvers = Annotated[
    list[str] | None,
    Parameter(
        name="--resolver",
        metavar="ADDRESS[:PORT]",
        consume_multiple=False,
        help="Ask this resolver, not this machine's own and public ones; once for each.",
    ),
]


@command.command(name="list")
def list_(*, common: Common = NONE) -> int:
    """Show the certificate: names, issuer, validity, when the next is ordered, what failed last.

    Ends with 0 where all is well, with 1 where nothing serves or the last order failed.
    """
    told = cert_report.listed(common.home(), now=datetime.now(UTC))
    output.emit(told.as_json, as_json=common.json, text=told.text)
    return 0 if told.well else UNHEALTHY


@command.command
def issue(
    *,
    staging: Annotated[
        bool, Parameter(help="From the authority's staging: for show, it serves nowhere.")
    ] = False,
    dry_run: Annotated[
        bool,
        Parameter(
            help="Try everything but the order itself: DNS, CAA, the account. Nothing is made here."
        ),
    ] = False,
    again: Annotated[bool, Parameter(help="Order another one though none is due.")] = False,
    resolver: Resolvers = None,
    common: Common = NONE,
) -> None:
    """Order a certificate for the server name, the client name and every edge's name.

    Every order is rehearsed first: a value is written where each name leads, looked for at the
    zones' own servers and at resolvers, and taken away. What is missing is told with the record
    to publish. What serves now goes on serving until the new certificate is there and checked.

    For example:

        greygate cert issue --dry-run
        greygate cert issue
    """
    home, steps = common.home() if dry_run else common.keyed_home(), output.Steps()
    wanted = certificates.ordering(home, _places(resolver), staging=staging)
    if dry_run:
        names = certificates.tried(wanted, steps)
        text = _("everything is in place to prove: {names}").format(names=", ".join(names))
        output.emit({"proved": list(names)}, as_json=common.json, text=text)
    elif staging:
        certificates.shown(wanted, steps)
        text = _("it works: the certificate for show was issued, checked and put aside")
        output.emit({"issued": True, "serves": False}, as_json=common.json, text=text)
    else:
        had = certificates.had(home, wanted, steps, again=again)
        told = cert_report.listed(home, now=datetime.now(UTC))
        first = _("issued") if had.ordered else _("nothing is due; --again orders all the same")
        as_json = {"issued": had.ordered, **told.as_json}
        output.emit(as_json, as_json=common.json, text=f"{first}\n{told.text}")


@command.command
def register(*, common: Common = NONE) -> None:
    """Open the account at the authority, and register the names at acme-dns; order nothing.

    From then on `greygate dns plan` has every record: the CNAMEs by which the names are proved,
    and the CAA record that names the account. Run again, it registers what is new.
    """
    home, steps = common.keyed_home(), output.Steps()
    done = certificates.register(home, certificates.ordering(home), steps)
    account = done.site.certificates.account
    text = _("the account is {uri}; next: greygate dns plan").format(uri=account)
    told = {"account": account, "aliases": dict(done.plan.aliases)}
    output.emit(told, as_json=common.json, text=text)


@command.command
def renew(
    *,
    ahead: Annotated[
        Whole,
        Parameter(
            metavar="SECONDS",
            validator=Number(gte=0, lte=MOST_AHEAD),
            show_default=True,
            help="Stay for as long as something falls due within so many seconds.",
        ),
    ] = 0,
    resolver: Resolvers = None,
    common: Common = NONE,
) -> int:
    """Renew the server's certificate where it is due, take up one that another program made.

    An ordered one is due when its authority says so (ARI), else at two thirds of its life; after
    a failure it is tried again in minutes, then hours, sooner where less of its life is left, and
    never before the authority allows it. One of our own authority is due at two thirds of its
    life; people need not trust anything anew. A timer does this every hour after `greygate
    install`, and `greygate up` without it.

    Ends with 0, and with 1 where an order failed.
    """
    home = common.home()
    agents.remember(home)  # the hourly look is the one that may: whether two hosts are one edge
    if home.site.certificates.source is not Source.ACME or home.substitute is not None:
        due = papers.renewed(home, output.Steps(), now=datetime.now(UTC))
        text = _("nothing is due") if due is None else _("renewed: {why}").format(why=due.value)
        output.emit({"renewed": due.value if due else None}, as_json=common.json, text=text)
        return 0
    wanted = certificates.ordering(home, _places(resolver))
    done = certificates.kept(home, wanted, output.Steps(), ahead=timedelta(seconds=ahead))
    output.emit(
        cert_report.renewed_told(done), as_json=common.json, text=cert_report.renewed_text(done)
    )
    return 0 if done.failure is None else UNHEALTHY


@command.command
def revoke(
    *,
    reason: Annotated[
        Literal["unspecified", "key-compromise", "affiliation-changed", "superseded", "cessation"],
        Parameter(metavar="WHY", show_default=True, help="What its authority is told."),
    ] = "unspecified",
    yes: Annotated[bool, Parameter(help="Do not ask.")] = False,
    resolver: Resolvers = None,
    common: Common = NONE,
) -> None:
    """Order another certificate, put it in place, and then revoke the one before it.

    For example, after somebody has read the server's files:

        greygate cert revoke --reason key-compromise
    """
    home = common.home()
    wanted = certificates.ordering(home, _places(resolver))
    if not yes:
        output.confirm(_("The certificate in place is revoked, for good."))
    certificates.revoked(home, wanted, output.Steps(), reason=reason)
    told = cert_report.listed(home, now=datetime.now(UTC))
    text = _("revoked; in its place serves:")
    output.emit({"revoked": True, **told.as_json}, as_json=common.json, text=f"{text}\n{told.text}")


@command.command
def rekey(*, common: Common = NONE) -> None:
    """Give our account at the authority a new key; its address, which CAA may name, stays.

    Each new certificate has a new key of its own anyway. identity.tar keeps the account's key:
    take it anew, `greygate backup identity FILE`.
    """
    home = common.home()
    account = certificates.exchanged(certificates.ordering(home), output.Steps())
    text = _("the account {uri} has a new key").format(uri=account.uri)
    output.emit({"account": account.uri}, as_json=common.json, text=text)


@command.command
def export(
    file: Annotated[
        Path | None, NAMED, Parameter(help="Where to; standard output if left out.")
    ] = None,
    /,
    *,
    format: Annotated[
        Literal["pem", "der"],
        Parameter(
            metavar="FORM", show_default=True, help="PEM for computers, DER for most phones."
        ),
    ] = "pem",
    common: Common = NONE,
) -> None:
    """Print the certificate authority, to install on people's devices.

    It is limited by name constraints to this server's names and addresses: whoever trusts it
    trusts it for nothing else. Compare the fingerprint by another way than the file came.

    For example:

        greygate cert export home.crt --format der
    """
    paper = papers.authority_paper(common.home().plan.paths, form=format)
    if file is not None and not output.is_stdout(file):
        named_file.write(file, paper.content, mode=0o644)
        text = _("wrote {file}; SHA-256 {sum}").format(file=file, sum=paper.fingerprint)
        output.emit({"file": str(file), **paper.told()}, as_json=common.json, text=text)
    elif common.json:
        output.emit(paper.told(), as_json=True, text="")
    elif format == "der" and sys.stdout.isatty():
        raise WrongUsage(
            _("cannot write DER to a terminal: it is binary"),
            "greygate cert export FILE --format der",
        )
    else:
        output.say_octets(paper.content)


def _places(named: list[str] | None) -> tuple[Place, ...]:
    return tuple(map(place_of, named or ()))
