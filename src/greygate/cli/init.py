"""`greygate init`: write the site file."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.home import choice, site_file
from greygate.home.preparation import found
from greygate.site.interview import Question, answered, interview
from greygate.site.model import Site
from greygate.text import _

Texts = Annotated[list[str] | None, Parameter(negative="", consume_multiple=False)]


def command(
    name: Annotated[str | None, Parameter(help="The server name: it is for ever.")] = None,
    *,
    client: Annotated[str | None, Parameter(help="The name that apps connect to.")] = None,
    node: Annotated[
        str | None, Parameter(help="Whose Yggdrasil: managed, system, routed, loopback.")
    ] = None,
    address: Annotated[str | None, Parameter(help="The overlay address, if routed.")] = None,
    peer: Annotated[Texts, Parameter(help="A Yggdrasil peer to dial; may be repeated.")] = None,
    listen: Annotated[Texts, Parameter(help="Where to accept Yggdrasil peerings.")] = None,
    first: Annotated[str | None, Parameter(help="The first person's name.")] = None,
    email: Annotated[str | None, Parameter(help="Where people ask for help.")] = None,
    accept: Annotated[Texts, Parameter(help="A doubt about the name that you accept.")] = None,
    yes: Annotated[bool, Parameter(help="Ask nothing: take the defaults.", negative="")] = False,
    common: Common = NONE,
) -> None:
    """Write the site file, from flags or, on a terminal, from questions that explain themselves.

    The server's keys are made too, so that its overlay address is known from now on. A file
    that is there already is never overwritten.
    """
    place = common.place()
    usual_node = node or choice.chosen_node(choice.look()).value
    answers = {
        "server_name": name,
        "names.client": client,
        "overlay.node": usual_node if yes or node else None,
        "overlay.address": address,
        "overlay.peers": " ".join(peer) if peer else None,
        "people.first": first,
        "support.email": email,
    }
    given = {key: answer for key, answer in answers.items() if answer is not None}
    accepted = tuple(accept or ())
    asking = sys.stdin.isatty() and not yes
    site = _interviewed(given, accepted) if asking else answered(given, accepted)
    site = replace(site, overlay=replace(site.overlay, listen=tuple(listen or ())))
    source = site_file.written(common.site or place.new_site, site, output.Steps())
    home = found(source, place, choice.look())
    told = {"site": str(source), "server_name": str(site.server_name), "url": home.plan.address_url}
    text = _("{name} will be at {url}\nnext: greygate show plan, then greygate install").format(
        name=site.server_name, url=home.plan.address_url
    )
    output.emit(told, as_json=common.json, text=text)


def _interviewed(given: dict[str, str], accepted: tuple[str, ...]) -> Site:
    """Ask what the flags did not answer; a flag that will not do is asked about."""
    questions = interview(accepted)
    question = next(questions)
    while True:
        flag = given.pop(question.key, None)
        try:
            question = questions.send(flag if flag is not None else _asked(question))
        except StopIteration as done:
            site: Site = done.value
            return site


def _asked(question: Question) -> str:
    if question.problem:
        output.note(f"  {question.problem}")
    else:
        output.note(f"\n{question.text}\n  {question.explain}")
    default = f" [{question.default}]" if question.default else ""
    return output.ask(f"{question.key}{default}:")
