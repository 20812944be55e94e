"""The questions of `init`, as a generator: it yields questions, is sent answers, returns a Site.

It knows no terminal and no flags; whoever drives it decides where answers come from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv6Address

from greygate.errors import WrongUsage
from greygate.site import defaults
from greygate.site.doubts import Doubt, Severity, doubts
from greygate.site.making import standalone
from greygate.site.model import Node, Overlay, Site, Support
from greygate.site.overlay import address_problem
from greygate.site.parse import (
    check_name,
    client_problem,
    email_problem,
    first_person_problem,
)
from greygate.spec.peering import peer_problem
from greygate.spec.server_name import ServerName
from greygate.text import _

YES = ("yes", "y")
NO = ("no", "n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask. An empty answer means the default; without one, an answer is needed."""

    key: str  # of the site file, and of the flag that answers it
    text: str
    explain: str
    check: Callable[[str], str | None]  # why an answer would not do
    default: str | None = None
    problem: str = ""  # why the last answer would not do


Asking = Generator[Question, str, str]
Interview = Generator[Question, str, Site]


def interview(accepted: tuple[str, ...] = ()) -> Interview:
    """Ask for a standalone server; `accepted` names the doubts that need not be asked about."""
    name, accepted = yield from _name(accepted)
    client, accepted = yield from _client(name, accepted)
    overlay = yield from _overlay()
    first = yield from _asked(
        Question(
            key="people.first",
            text=_("What is the first person called?"),
            explain=_("The first start creates this person, who may administer the server."),
            default=defaults.FIRST_PERSON,
            check=lambda answer: first_person_problem(answer, name),
        )
    )
    email = yield from _email()
    return replace(
        standalone(name, client=client, accepted=accepted),
        overlay=overlay,
        first_person=first,
        support=Support(matrix_id=defaults.support_id(first, name), email=email or None, page=None),
    )


def answered(answers: Mapping[str, str], accepted: tuple[str, ...] = ()) -> Site:
    """The site that these answers make, defaults for the rest; WrongUsage where they do not."""
    asking = interview(accepted)
    question = next(asking)
    while True:
        if question.problem:
            raise WrongUsage(
                _("cannot use {key} as given: {problem}").format(
                    key=question.key, problem=question.problem
                ),
                question.explain,
            )
        answer = answers.get(question.key, question.default)
        if answer is None:
            raise WrongUsage(
                _("cannot go on without {key}").format(key=question.key), question.explain
            )
        try:
            question = asking.send(answer)
        except StopIteration as done:
            site: Site = done.value
            return site


def _asked(question: Question) -> Asking:
    """The first answer to `question` that will do."""
    while True:
        given = (yield question).strip()
        answer = given or question.default
        problem = _("an answer is needed") if answer is None else _judged(question, answer)
        if answer is not None and not problem:
            return answer
        question = replace(question, problem=problem)


def _judged(question: Question, answer: str) -> str:
    # The default was judged when it was chosen, and may be empty where an answer may not.
    return "" if answer == question.default else question.check(answer) or ""


def _name(
    accepted: tuple[str, ...],
) -> Generator[Question, str, tuple[ServerName, tuple[str, ...]]]:
    question = Question(
        key="server_name",
        text=_("What is the server called?"),
        explain=_("It is the part of every user id after the colon, and can never be changed."),
        check=lambda answer: check_name(answer)[1] or None,
    )
    while True:
        text = yield from _asked(question)
        name = ServerName.parse(text)
        # The client name is not known yet; one that nobody has raises no doubts of its own.
        found = doubts(name, f"m.{name.host}", federation=False, accepted=accepted)
        taken, refused = yield from _accept(found)
        if refused is None:
            return name, (*accepted, *taken)
        question = replace(question, problem=refused)


def _client(
    name: ServerName, accepted: tuple[str, ...]
) -> Generator[Question, str, tuple[str, tuple[str, ...]]]:
    question = Question(
        key="names.client",
        text=_("Which name do apps connect to?"),
        explain=_("It resolves to the overlay address; the server name itself stays without one."),
        default=defaults.client_name(name),
        check=client_problem,
    )
    while True:
        client = yield from _asked(question)
        found = doubts(name, client, federation=False, accepted=accepted)
        taken, refused = yield from _accept(found)
        if refused is None:
            return client, (*accepted, *taken)
        question = replace(question, problem=refused)


def _accept(
    found: tuple[Doubt, ...],
) -> Generator[Question, str, tuple[tuple[str, ...], str | None]]:
    """The doubts that were accepted, and what to say of the first that was not."""
    taken = []
    for doubt in found:
        if doubt.severity is Severity.TELL:
            continue
        answer = yield from _asked(
            Question(
                key="accepted_doubts",
                text=_("{doubt}. Keep it all the same?").format(doubt=doubt.text),
                explain=_("{name}: {hint}.").format(name=doubt.name, hint=doubt.hint),
                default="no",
                check=_yes_or_no,
            )
        )
        if answer.lower() in NO:
            hint = _("{text} ({name}); {hint}")
            return (), hint.format(text=doubt.text, name=doubt.name, hint=doubt.hint)
        taken.append(doubt.name)
    return tuple(taken), None


def _overlay() -> Generator[Question, str, Overlay]:
    answer = yield from _asked(
        Question(
            key="overlay.node",
            text=_("Whose Yggdrasil node is used: {nodes}?").format(nodes=_nodes(last=_("or"))),
            explain=_(
                "managed: we run one. system: one runs on this machine already. routed: another "
                "machine's node routes a subnet here. loopback: none, only this machine."
            ),
            default=defaults.NODE.value,
            check=lambda given: (
                None
                if given in {node.value for node in Node}
                else _("it can be {nodes}").format(nodes=_nodes(last=_("or")))
            ),
        )
    )
    node = Node(answer)
    address = (yield from _address()) if node is Node.ROUTED else None
    peers = (yield from _peers()) if node in (Node.MANAGED, Node.SYSTEM) else ()
    return Overlay(
        node=node,
        address=address,
        peers=peers,
        listen=(),
        allow=(),
        firewall=defaults.firewall(node),
    )


def _address() -> Generator[Question, str, IPv6Address]:
    answer = yield from _asked(
        Question(
            key="overlay.address",
            text=_("Which address is routed to this machine?"),
            explain=_("It is in 300::/8, and ip -6 address shows it here."),
            check=address_problem,
        )
    )
    return IPv6Address(answer)


def _peers() -> Generator[Question, str, tuple[str, ...]]:
    answer = yield from _asked(
        Question(
            key="overlay.peers",
            text=_("Which peers does the node dial?"),
            explain=_(
                "Addresses such as tls://192.0.2.1:443, with blanks between them. Without any, "
                "only machines that peer with this one can reach it; they can be added later."
            ),
            default="",
            check=_peers_problem,
        )
    )
    return _words(answer)


def _email() -> Asking:
    return _asked(
        Question(
            key="support.email",
            text=_("At which mail address can people ask for help?"),
            explain=_("The server publishes it to those who can reach it. It may be left out."),
            default="",
            check=email_problem,
        )
    )


def _peers_problem(answer: str) -> str | None:
    for uri in _words(answer):
        if why := peer_problem(uri):
            return _("{uri} cannot be dialled: {why}").format(uri=uri, why=why)
    return None


def _words(answer: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.split(r"[\s,]+", answer.strip(" ,")))) if answer else ()


def _yes_or_no(answer: str) -> str | None:
    return None if answer.lower() in YES + NO else _("answer yes or no")


def _nodes(*, last: str) -> str:
    words = [node.value for node in Node]
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
