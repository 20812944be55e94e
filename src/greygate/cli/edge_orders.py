"""`greygate edge probe|move|rotate|remove`: what home tells its edges, and decides about them."""

from __future__ import annotations

import json
from ipaddress import ip_address
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from greygate.apply.differences import difference
from greygate.cli import edge_changes_report as report
from greygate.cli import edge_hearing, output
from greygate.cli.common import NONE, Common
from greygate.cli.values import Whole
from greygate.errors import Trouble, WrongUsage
from greygate.home import agents, edge_changes, edges
from greygate.home.agents import Heard
from greygate.home.orders import give
from greygate.plan import questions
from greygate.plan.orders import Done, Refused, Verb, cause_of, cure_of
from greygate.plan.questions import AskDns, AskTcp, AskTls, Question
from greygate.plan.records import EDGE_TTL
from greygate.probe.answers import NoAnswer
from greygate.site.model import Address
from greygate.spec.web_address import LAST_PORT
from greygate.text import _

UNHEALTHY = 1
FEDERATION = 8448
# Minutes: as long as its records may be remembered, and as long again to make the new host an edge.
KEEP = 2 * EDGE_TTL // 60
LONGEST_KEEP = 7 * 24 * 60

Id = Annotated[str, Parameter(help="The edge's id in the site file.")]
Yes = Annotated[bool, Parameter(help="Do not ask.")]
DryRun = Annotated[bool, Parameter(help="Say what would change, and change nothing.")]


def probe(
    edge: Id,
    kind: Annotated[Literal["dns", "tcp", "tls"], Parameter(help="What is asked.")],
    name: Annotated[str, Parameter(help="The name or the address that it is asked of.")],
    /,
    *,
    type_: Annotated[
        str, Parameter(name="--type", metavar="TYPE", help="Of the DNS records; otherwise A.")
    ] = "A",
    port: Annotated[
        Whole,
        Parameter(
            metavar="PORT",
            validator=Number(gte=1, lte=LAST_PORT),
            help="For tcp and tls; otherwise 8448.",
        ),
    ] = FEDERATION,
    sni: Annotated[
        str | None, Parameter(metavar="NAME", help="Whose certificate tls asks for, if not NAME's.")
    ] = None,
    common: Common = NONE,
) -> int:
    """Have an edge look from where it stands: at DNS, at a TCP port, at a certificate.

    Ends with 0 where it saw something, with 1 where it did not.

    For example:

        greygate edge probe edge1 dns matrix.org --type SRV
        greygate edge probe edge1 tls matrix.org --port 443
    """
    home = common.home()
    body = json.dumps(questions.told(_question(kind, name, type_, port, sni))).encode()
    with output.Steps().look(_("asking {edge}").format(edge=edge)):
        answer = give(home, edges.link(home, edge), Verb.PROBE, body=body)
    match answer:
        case Done(told):
            output.emit(told, as_json=common.json, text=report.seen(dict(told)))
            return 0 if told.get("ok") else UNHEALTHY
        case Refused() as refused:
            why = cause_of(refused)
            what = _("cannot ask {edge}: {why}").format(edge=edge, why=why)
            raise Trouble(what, cure_of(edge, refused))
        case NoAnswer(why):
            raise Trouble(
                _("cannot ask {edge}: {why}").format(edge=edge, why=why),
                "greygate status",
            )


def move(
    edge: Id,
    addresses: Annotated[
        list[str], Parameter(metavar="ADDRESS", help="Public, of the new host; all of them.")
    ],
    /,
    *,
    keep: Annotated[
        int,
        Parameter(
            metavar="MINUTES",
            show_default=True,
            help="For how long the old host is let in beside the new one.",
        ),
    ] = KEEP,
    yes: Yes = False,
    dry_run: DryRun = False,
    common: Common = NONE,
) -> None:
    """Take an edge to another host: new addresses, a new key and token, the same name.

    Make the new host the edge (`greygate edge deploy`), then publish the records that are told:
    only the edge's own change in DNS. Keep the old host until the moment that is told: until then
    home lets in both, from then on the old one is barred, whether it runs or not. Where one of the
    addresses stays, the host is the same, and so is its key. Comments in the site file stay.

    For example:

        greygate edge move edge1 198.51.100.7 2001:db8::7
    """
    home, steps = common.home(), output.Steps()
    named = tuple(map(_address, addresses))
    wanted = edge_changes.moving(home, edge, named)
    output.note(difference(report.of_site_file(wanted)))
    heard: tuple[Heard, ...] = ()
    until = None
    if not dry_run:
        output.note(report.records(wanted.records))  # if what follows is cut short, this was told
        if not yes:
            output.confirm(_("bring this into force?"))
        moved = edge_changes.move(
            wanted, named, steps, keep=_seconds(keep), still_in=output.agreed_within
        )
        until = moved.until
        heard = agents.tell_news(moved.prepared.home, steps, but=edge if until else "")
        edge_hearing.note(heard)
    told = {
        "edge": edge,
        "addresses": addresses,
        "applied": not dry_run,
        "new_key": edge_changes.is_another_host(wanted, named),
        "keep_until": until and until.isoformat(),
    }
    output.emit(
        {**told, **report.told(wanted.records), "edges": edge_hearing.told(heard)},
        as_json=common.json,
        text=report.records(wanted.records) + report.after_move(home, edge, until),
    )


def rotate(
    edge: Id, /, *, yes: Yes = False, dry_run: DryRun = False, common: Common = NONE
) -> None:
    """Give an edge another key, after a theft: whoever has the old token is nobody at once.

    Home refuses the old key from now on, and tells its holder nothing. The edge joins again with
    the new token; until then other servers do not come in by it.

    For example:

        greygate edge rotate edge1
        greygate edge token edge1 > token
    """
    home, steps = common.home(), output.Steps()
    address = edges.link(home, edge).address
    told = {"edge": edge, "identity": str(home.plan.paths.identity)}
    if dry_run:
        text = _("{edge} would get another key and address; {address} would be shut out")
        shown = {**told, "address": str(address), "rotated": False}
        output.emit(shown, as_json=common.json, text=text.format(edge=edge, address=address))
        return
    if not yes:
        output.confirm(_("This shuts {edge} out until it has the new token.").format(edge=edge))
    prepared = edge_changes.rotate(home, edge, steps, still_in=output.agreed_within)
    address = edges.link(prepared.home, edge).address
    heard = agents.tell_news(prepared.home, steps, but=edge)
    edge_hearing.note(heard)
    output.emit(
        {**told, "address": str(address), "rotated": True, "edges": edge_hearing.told(heard)},
        as_json=common.json,
        text=report.after_rotation(prepared, edge),
    )


def remove(
    edge: Id, /, *, yes: Yes = False, dry_run: DryRun = False, common: Common = NONE
) -> None:
    """Give an edge up: it leaves, where it can be reached, and home forgets it.

    Its section goes from the site file, its key from this machine; the records to take away from
    DNS are told.

    For example:

        greygate edge remove edge1 --dry-run
    """
    home, steps = common.home(), output.Steps()
    wanted = edge_changes.removing(home, edge)
    output.note(difference(report.of_site_file(wanted)))
    heard: tuple[Heard, ...] = ()
    unheard = None
    if not dry_run:
        output.note(report.records(wanted.records))
        if not yes:
            output.confirm(_("This ends the edge {edge}, for good.").format(edge=edge))
        done = edge_changes.remove(wanted, steps, still_in=output.agreed_within)
        heard, unheard = agents.tell_news(done.prepared.home, steps), done.unheard
        edge_hearing.note(heard)
    told = {
        "edge": edge,
        "removed": not dry_run,
        "left": unheard is None and not dry_run,
        "why": unheard,
    }
    output.emit(
        {**told, **report.told(wanted.records), "edges": edge_hearing.told(heard)},
        as_json=common.json,
        text=report.records(wanted.records) + report.after_removal(edge, unheard),
    )


def _question(kind: str, name: str, type_: str, port: int, sni: str | None) -> Question:
    asked: Question = AskTls(name, port, sni or name)
    if kind == "dns":
        asked = AskDns(name, type_.upper())
    elif kind == "tcp":
        asked = AskTcp(name, port)
    try:
        return questions.read(questions.told(asked))
    except ValueError as problem:
        raise WrongUsage(
            _("cannot ask that: {why}").format(why=problem), "greygate edge probe --help"
        ) from problem


def _seconds(keep: int) -> int:
    if not 0 <= keep <= LONGEST_KEEP:
        raise WrongUsage(
            _("cannot keep the old host for {minutes} minutes").format(minutes=keep),
            _("--keep takes 0 to {longest} minutes").format(longest=LONGEST_KEEP),
        )
    return keep * 60


def _address(text: str) -> Address:
    try:
        return ip_address(text)
    except ValueError as problem:
        raise WrongUsage(
            _("cannot use {text!r}: it is not an IP address").format(text=text),
            _("for example: greygate edge move edge1 198.51.100.7"),
        ) from problem
