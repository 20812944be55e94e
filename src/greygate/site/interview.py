"""The questions of `init`, as a generator: it yields questions, is sent answers, returns a Site.

It knows no terminal and no flags; whoever drives it decides where answers come from.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Mapping
from dataclasses import replace
from ipaddress import IPv6Address

from greygate.errors import WrongUsage
from greygate.site import defaults
from greygate.site.doubts import Doubt, Severity, doubts
from greygate.site.interview_edge import WayIn, way_in
from greygate.site.making import standalone
from greygate.site.model import Challenge, Node, Overlay, Site, Source, Support, Zone
from greygate.site.near_name import check_name, host_hint, name_hint
from greygate.site.overlay import address_problem
from greygate.site.parse import (
    client_problem,
    first_person_problem,
)
from greygate.site.question import NO, YES, Asking, Question, asked, yes_or_no
from greygate.spec.mail_address import mail_address_problem
from greygate.spec.peering import peer_problem
from greygate.spec.server_name import ServerName
from greygate.text import _

Interview = Generator[Question, str, Site]


def interview(accepted: tuple[str, ...] = ()) -> Interview:
    """Ask for a server; `accepted` names the doubts that need not be asked about."""
    federation = (yield from asked(_FEDERATION)).lower() in YES
    name, accepted = yield from _name(accepted, federation=federation)
    client, accepted = yield from _client(name, accepted, federation=federation)
    others = (yield from way_in((name.host.lower(), client.lower()))) if federation else None
    overlay = yield from _overlay(federation=federation)
    first = yield from asked(
        Question(
            key="people.first",
            text=_("What is the first person called?"),
            explain=_("The first start creates this person, who may administer the server."),
            default=defaults.FIRST_PERSON,
            check=lambda answer: first_person_problem(answer, name),
        )
    )
    email = yield from _email()
    site = replace(
        standalone(name, client=client, accepted=accepted),
        overlay=overlay,
        first_person=first,
        support=Support(matrix_id=defaults.support_id(first, name), email=email or None, page=None),
    )
    return site if others is None else _federating(site, others)


def _federating(site: Site, others: WayIn) -> Site:
    made = replace(
        site,
        federation=True,
        names=replace(site.names, layout=others.layout),
        edges=others.edges,
        certificates=others.certificates,
    )
    return replace(made, zones=_proved(made, others.acme_dns))


def _proved(site: Site, acme_dns: str | None) -> tuple[Zone, ...]:
    """Every zone of our names, with how it is proved; none where nothing is ordered."""
    if site.certificates.source is not Source.ACME:
        return ()
    how = Challenge.MANUAL if acme_dns is None else Challenge.ACME_DNS
    zones = dict.fromkeys(defaults.zone_of(site, name) for name in defaults.certified(site))
    return tuple(replace(zone, challenge=how, acme_dns=acme_dns) for zone in zones)


def answered(answers: Mapping[str, str], accepted: tuple[str, ...] = ()) -> Site:
    """The site that these answers make, defaults for the rest; WrongUsage where they do not."""
    asking = interview(accepted)
    question, left = next(asking), dict(answers)
    while True:
        left.pop(question.key, None)
        if question.problem:
            raise WrongUsage(
                _("cannot use {answer!r} as {key}: {problem}").format(
                    answer=answers.get(question.key, question.default),
                    key=question.key,
                    problem=question.problem,
                ),
                _next(question),
            )
        answer = answers.get(question.key, question.default)
        if answer is None:
            raise WrongUsage(
                _("cannot go on without {key}").format(key=question.key), question.explain
            )
        try:
            question = asking.send(answer)
        except StopIteration as done:
            demand_all_asked(left)
            site: Site = done.value
            return site


def demand_all_asked(left: Iterable[str]) -> None:
    """WrongUsage for an answer that no question asked for: it would be lost."""
    for key in left:
        raise WrongUsage(
            _("cannot use an answer to {key}: it does not fit the others").format(key=key),
            _FITS.get(key, _("leave it away")),
        )


_FEDERATES = _("it is for a server that federates: --edge-name NAME --edge-address ADDRESS")
_FITS = {
    "overlay.address": _("an address goes with --node routed"),
    "overlay.peers": _("peers go with --node managed or --node system"),
    "names.layout": _FEDERATES,
    "edge.name": _FEDERATES,
    "edge.addresses": _FEDERATES,
    "certificates.source": _FEDERATES,
    "certificates.chain": _FEDERATES,
    "certificates.key": _FEDERATES,
    "certificates.issuer": _("an issuer goes with --chain and --key, on a server that federates"),
    "certificates.account": _("an account is somebody's: --issuer NAME"),
    "zone.acme_dns": _("it goes with --edge-name, and without --chain and --key"),
}


def _next(question: Question) -> str:
    """What to do about an answer that would not do."""
    if question.doubt:
        accept = _("choose another name; or, knowing this: --accept {doubt}")
        return accept.format(doubt=question.doubt)
    return question.advice or question.explain


_FEDERATION = Question(
    key="federation",
    text=_("Shall it talk to other Matrix servers?"),
    explain=_(
        "yes: through a host with a public address that you rent, the edge; and it needs a name in "
        "the public DNS. no: its own people only; then nothing has to be rented or published."
    ),
    default="no",
    check=yes_or_no,
)


def _name(
    accepted: tuple[str, ...], *, federation: bool
) -> Generator[Question, str, tuple[ServerName, tuple[str, ...]]]:
    question = Question(
        key="server_name",
        text=_("What is the server called?"),
        explain=_("It is the part of every user id after the colon, and can never be changed."),
        check=lambda answer: check_name(answer)[1] or None,
        advise=name_hint,
    )
    while True:
        text = yield from asked(question)
        name = ServerName.parse(text)
        # The client name is not known yet; one that nobody has raises no doubts of its own.
        found = doubts(name, f"m.{name.host}", federation=federation, accepted=accepted)
        taken, refused = yield from _accept(found)
        if refused is None:
            return name, (*accepted, *taken)
        question = _refused(question, refused)


def _client(
    name: ServerName, accepted: tuple[str, ...], *, federation: bool
) -> Generator[Question, str, tuple[str, tuple[str, ...]]]:
    question = Question(
        key="names.client",
        text=_("Which name do apps connect to?"),
        explain=_("It resolves to the overlay address; the server name itself stays without one."),
        default=defaults.client_name(name),
        check=client_problem,
        advise=lambda given: host_hint(given, ""),
    )
    while True:
        client = yield from asked(question)
        found = doubts(name, client, federation=federation, accepted=accepted)
        taken, refused = yield from _accept(found)
        if refused is None:
            return client, (*accepted, *taken)
        question = _refused(question, refused)


def _refused(question: Question, doubt: Doubt) -> Question:
    """The question again, after an answer that was doubted."""
    problem = _("{text} ({name}); {hint}")
    return replace(
        question,
        problem=problem.format(text=doubt.text, name=doubt.name, hint=doubt.hint),
        advice="",
        doubt=doubt.name,
    )


def _accept(
    found: tuple[Doubt, ...],
) -> Generator[Question, str, tuple[tuple[str, ...], Doubt | None]]:
    """The doubts that were accepted, and the first that was not."""
    taken = []
    for doubt in found:
        if doubt.severity is Severity.TELL:
            continue
        answer = yield from asked(
            Question(
                key="accepted_doubts",
                text=_("{doubt}. Keep it all the same?").format(doubt=doubt.text),
                explain=_("{name}: {hint}.").format(name=doubt.name, hint=doubt.hint),
                default="no",
                check=yes_or_no,
            )
        )
        if answer.lower() in NO:
            return (), doubt
        taken.append(doubt.name)
    return tuple(taken), None


def _overlay(*, federation: bool) -> Generator[Question, str, Overlay]:
    possible = _NEAR if federation else tuple(Node)
    nodes = _nodes(possible, last=_("or"))
    answer = yield from asked(
        Question(
            key="overlay.node",
            text=_("Whose Yggdrasil node is used: {nodes}?").format(nodes=nodes),
            explain=_(
                "managed: we run one. system: one runs on this machine already. routed: another "
                "machine's node routes a subnet here. loopback: none, only this machine."
            ),
            default=defaults.NODE.value,
            check=lambda given: (
                None
                if given in {node.value for node in possible}
                else _("it can be {nodes}").format(nodes=nodes)
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
    answer = yield from asked(
        Question(
            key="overlay.address",
            text=_("Which address is routed to this machine?"),
            explain=_("It is in 300::/8, and ip -6 address shows it here."),
            check=address_problem,
        )
    )
    return IPv6Address(answer)


def _peers() -> Generator[Question, str, tuple[str, ...]]:
    answer = yield from asked(
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
    return asked(
        Question(
            key="support.email",
            text=_("At which mail address can people ask for help?"),
            explain=_("The server publishes it to those who can reach it. It may be left out."),
            default="",
            check=mail_address_problem,
        )
    )


def _peers_problem(answer: str) -> str | None:
    for uri in _words(answer):
        if why := peer_problem(uri):
            return _("{uri} cannot be dialled: {why}").format(uri=uri, why=why)
    return None


def _words(answer: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.split(r"[\s,]+", answer.strip(" ,")))) if answer else ()


_NEAR = (Node.MANAGED, Node.SYSTEM)  # on this machine, as edges need it


def _nodes(possible: tuple[Node, ...], *, last: str) -> str:
    words = [node.value for node in possible]
    return f"{', '.join(words[:-1])} {last} {words[-1]}"
