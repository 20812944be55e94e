"""`greygate dns`: what to publish, and whether it is."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from greygate.certs.missing import REGISTER
from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.dns_apply_report import (
    agreement,
    demand_safe,
    difference_text,
    outcomes_text,
    outcomes_told,
)
from greygate.cli.dns_report import check_text, check_told, plan_text
from greygate.cli.help import family
from greygate.errors import Trouble, WrongUsage
from greygate.home import certificates, published, publishing
from greygate.home.published import Server
from greygate.plan.records import RecordSet, record_sets, zones
from greygate.plan.spelling import Spelling, told
from greygate.probe.authority import PATIENCE
from greygate.probe.dns import PUBLIC, Resolver, place_of
from greygate.spec.dns import bare
from greygate.text import _, listing

command = family("dns", "DNS: plan, check, apply.")

UNHEALTHY = 1


@command.command
def plan(
    *,
    format_: Annotated[
        str | None,
        Parameter(
            name="--format",
            metavar="SPELLING",
            help="zone (a zone file), table (a web form), or alfis; each zone's own otherwise.",
        ),
    ] = None,
    zone: Annotated[
        str | None, Parameter(metavar="NAME", help="This zone alone: a zone file holds one.")
    ] = None,
    common: Common = NONE,
) -> None:
    """Print what must be published in DNS, zone by zone, as its editor wants it typed.

    It can be published before the first start. The CNAMEs and the CAA record by which certificates
    are ordered are in it once `greygate cert register` has been run.

    For example:

        greygate dns plan
        greygate dns plan --format zone --zone example.org
    """
    home = common.home()
    sets = _of_zone(record_sets(home.site, home.plan), zone)
    if unknown := certificates.unregistered_names(home):
        output.note(
            _("without the CNAMEs for {names}, which are not registered yet").format(
                names=listing(unknown)
            )
            + f"; {REGISTER}"
        )
    text = plan_text(home.site, sets, _spelling(format_))
    output.emit([told(it) for it in sets], as_json=common.json, text=text)


@command.command
def check(
    *,
    resolver: Annotated[
        list[str] | None,
        Parameter(
            metavar="ADDRESS[:PORT]",
            consume_multiple=False,
            help="Ask this resolver, not this machine's own and public ones; once for each.",
        ),
    ] = None,
    common: Common = NONE,
) -> int:
    """Ask DNS for everything of the plan: at the zones' own servers, and at resolvers.

    Tells apart what is not there, what is wrong, what should not be there, and what could not be
    asked; each with the record to type. In layout clearnet, and with own-dns, it also tells
    whether the site is sealed: whether CAA keeps everybody else from getting a certificate for
    its names.

    Ends with 0 where all is right, with 1 otherwise.
    """
    home = common.home()
    with output.Steps().step(_("asking DNS")):
        found_ = published.look(home, _servers(resolver))
    output.emit(check_told(found_), as_json=common.json, text=check_text(found_))
    return 0 if found_.right else UNHEALTHY


@command.command
def apply(
    *,
    yes: Annotated[
        str | None,
        Parameter(metavar="DIGEST", help="Do not ask, if the plan still has this digest."),
    ] = None,
    force: Annotated[
        bool, Parameter(help="Also where more than a third of a zone, or its NS, would change.")
    ] = False,
    replace_caa: Annotated[
        bool,
        Parameter(help="Also where others' CAA records must not go: who issues now may not then."),
    ] = False,
    dry_run: Annotated[bool, Parameter(help="Show the difference, change nothing.")] = False,
    resolver: Annotated[
        list[str] | None,
        Parameter(
            metavar="ADDRESS[:PORT]",
            consume_multiple=False,
            help="Ask this one which servers the zones have; the next where it does not tell.",
        ),
    ] = None,
    common: Common = NONE,
) -> int:
    """Publish the plan in the zones that can be written from here; tell what to type in others.

    Which zones can be written the site file says: dns = "rfc2136" (signed updates to the primary)
    or dns = "lexicon:PROVIDER" below [[zone]]. What is there is asked at the zones' own servers
    and the difference is shown first; afterwards they are asked until they tell the plan.
    Nothing else in a zone is touched.

    Ends with 0 where all is as planned, with 1 otherwise; run it again as often as you like.

    For example:

        greygate dns apply
        greygate dns apply --yes 1f0c9e5b7a2d
    """
    steps = output.Steps()
    home = common.home() if dry_run else certificates.with_aliases(common.keyed_home(), steps)
    with steps.step(_("asking the zones' own servers")):
        seen = publishing.look(home, _servers(resolver), replace_caa=replace_caa)
    agreed = agreement(seen)
    if not common.json:
        output.note(difference_text(seen))
    if agreed is not None and not dry_run and (yes is not None or not common.json):
        demand_safe(seen, force=force)
        _demand_agreement(agreed, yes)
        done = list(publishing.publish(seen, steps))
    else:
        done = list(publishing.unwritten(seen))
    output.emit(outcomes_told(done, agreed), as_json=common.json, text=outcomes_text(done))
    return 0 if all(it.right for it in done) else UNHEALTHY


def _demand_agreement(digest: str, yes: str | None) -> None:
    if yes is not None and yes != digest:
        raise Trouble(
            _("cannot apply: you agreed to {yes}, and the plan is {digest} now").format(
                yes=yes, digest=digest
            ),
            _("look at the difference again: greygate dns apply"),
        )
    if yes is None:
        if not sys.stdin.isatty():
            agree = _("look at the difference, then: greygate dns apply --yes {digest}")
            raise WrongUsage(_("cannot ask: no terminal is there"), agree.format(digest=digest))
        output.confirm(_("write this?"))


def _servers(named: list[str] | None) -> tuple[Server, ...]:
    if named:
        return tuple(Server(text, Resolver(place_of(text), give_up=True)) for text in named)
    public = (
        Server(text, Resolver(place_of(text), patience=PATIENCE, give_up=True)) for text in PUBLIC
    )
    return (Server(_("this machine's resolver"), Resolver(give_up=True)), *public)


def _of_zone(sets: tuple[RecordSet, ...], name: str | None) -> tuple[RecordSet, ...]:
    if name is None:
        return sets
    wanted = bare(name)
    if found := tuple(it for it in sets if it.zone.name == wanted):
        return found
    raise WrongUsage(
        _("cannot print {zone}: it is no zone of the plan").format(zone=name),
        _("--zone can be {known}").format(known=", ".join(it.name for it in zones(sets))),
    )


def _spelling(text: str | None) -> Spelling | None:
    if text is None:
        return None
    known = {it.value: it for it in Spelling}
    if text not in known:
        raise WrongUsage(
            _("cannot write it as {text}").format(text=text),
            _("--format can be {known}").format(known=", ".join(known)),
        )
    return known[text]
