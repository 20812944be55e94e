"""`greygate dns`: what to publish, and whether it is."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.dns_report import check_text, check_told, plan_text
from greygate.cli.help import family
from greygate.errors import WrongUsage
from greygate.home import choice, published
from greygate.home.half import Home, existing_site
from greygate.home.preparation import found
from greygate.home.published import Server
from greygate.plan.records import record_sets
from greygate.plan.spelling import Spelling, told
from greygate.probe.dns import Resolver, place_of
from greygate.text import _

command = family("dns", "DNS: plan, check.")

# Asked besides this machine's own, which may have a view of its own; three operators.
PUBLIC = ("1.1.1.1", "8.8.8.8", "9.9.9.9")
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
    common: Common = NONE,
) -> None:
    """Print what must be published in DNS, zone by zone, as its editor wants it typed.

    The overlay address and the edges' keys are made for it where they are not there yet, so that
    it can be published before the first start.

    For example:

        greygate dns plan
        greygate dns plan --format zone
    """
    home = _home(common)
    sets = record_sets(home.site, home.plan)
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
    asked; each with the record to type. In layout clearnet it also tells whether the server name
    is sealed: whether CAA keeps everybody else from getting a certificate for it.

    Ends with 0 where all is right, with 1 otherwise.
    """
    home = _home(common)
    with output.Steps().step(_("asking DNS")):
        found_ = published.look(home, _servers(resolver))
    output.emit(check_told(found_), as_json=common.json, text=check_text(found_))
    return 0 if found_.right else UNHEALTHY


def _home(common: Common) -> Home:
    place = common.place()
    source = existing_site(place, common.site, common.environ)
    return found(source, place, choice.look())


def _servers(named: list[str] | None) -> tuple[Server, ...]:
    if named:
        return tuple(Server(text, Resolver(place_of(text))) for text in named)
    public = (Server(text, Resolver(place_of(text))) for text in PUBLIC)
    return (Server(_("this machine's resolver"), Resolver()), *public)


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
