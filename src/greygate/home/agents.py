"""All edges asked how they are, and told what is new."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

from greygate.errors import Trouble
from greygate.home import edge_memory
from greygate.home.edges import Issued, is_made_up, issue_token, issued
from greygate.home.half import Home
from greygate.home.orders import give
from greygate.identity import edge_keys
from greygate.plan import edge_state
from greygate.plan.edge_state import EdgeState
from greygate.plan.edges import EdgeLink
from greygate.plan.orders import Answer, Done, Reason, Refused, Verb, cause_of, cure_of
from greygate.plan.paths import Paths
from greygate.plan.token import Token
from greygate.probe.answers import NoAnswer
from greygate.progress import Progress
from greygate.run.edge_remarks import of_made_up
from greygate.run.seen import EdgeTold
from greygate.text import _, listing

PATIENCE = 4.0  # seconds to reach an edge that was never met
KNOWN = 12.0  # one that was: the link comes back within 3 s of our node's start, or a little later

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of telling one edge; `why` where it does not follow the plan now."""

    edge: str
    changed: bool
    why: str | None = None
    hint: str = ""
    met: bool = True  # it has answered before, by the key that it has now


def look(home: Home) -> dict[str, EdgeTold]:
    """What each edge says of itself; nothing where we may not speak for the site.

    A look: nothing is made, numbered or remembered by it, so two that differ do not disturb each
    other, and a full disk does not end it.
    """
    return _at_once(home, lambda link: _asked(home, link)) if _may_ask(home) else {}


def tell(home: Home, progress: Progress) -> tuple[Heard, ...]:
    """Have every edge follow the site as it is now; nothing is done where one does already."""
    if not _may_speak(home):
        return ()
    with progress.step(_("telling {edges}").format(edges=_named(home.plan.edges))):
        return tuple(_at_once(home, lambda link: _told(home, link, _wait(home, link))).values())


def tell_news(home: Home, progress: Progress, *, but: str = "") -> tuple[Heard, ...]:
    """The same after a start: no edge is asked that said last that it follows this plan.

    `but`: an edge that is told nothing at all.
    """
    if not _may_speak(home):
        return ()
    news = tuple(it for it in home.plan.edges if it.edge.id != but and not _knows(home, it))
    if not news:
        return ()
    narrowed = replace(home, plan=replace(home.plan, edges=news))
    with progress.step(_("telling {edges}").format(edges=_named(news))):
        return tuple(_at_once(narrowed, lambda link: _told(home, link, _wait(home, link))).values())


def remember(home: Home) -> None:
    """Ask the edges how they are, and remember on which hosts they were: what looks does not."""
    if _may_ask(home):
        states = _at_once(home, lambda link: _state(give(home, link, Verb.STATUS)))
        for link in home.plan.edges:
            if isinstance(state := states[link.edge.id], EdgeState):
                _remembered(home, link, state)


def _may_speak(home: Home) -> bool:
    return home.place.root and bool(home.plan.edges)


def _may_ask(home: Home) -> bool:
    """Also where the site's key is gone or damaged: whoever starts the server is told of that."""
    try:
        return _may_speak(home) and bool(edge_keys.site_key(home.plan.paths))
    except Trouble:
        return False


def _at_once(home: Home, ask: Callable[[EdgeLink], Result]) -> dict[str, Result]:
    links = home.plan.edges
    with ThreadPoolExecutor(max_workers=len(links)) as pool:
        return dict(zip((it.edge.id for it in links), pool.map(ask, links), strict=True))


def _asked(home: Home, link: EdgeLink) -> EdgeTold:
    began = time.time()
    answer = give(home, link, Verb.STATUS)
    state = _state(answer)
    paths, edge = home.plan.paths, link.edge.id
    told = state.serial if isinstance(state, EdgeState | Refused) else 0
    if is_made_up(paths, edge, told):
        return EdgeTold(state, made_up=told)
    if not isinstance(state, EdgeState):
        return EdgeTold(state, behind=_ahead_of_us(state))
    memory = edge_memory.load(paths, edge).meeting(state.host, time.time())
    return EdgeTold(
        state,
        ahead=state.at - (began + time.time()) / 2,
        behind=behind(state, issued(paths, edge)),
        twice=memory.twice(time.time()),
    )


def behind(state: EdgeState, last: Token | Issued) -> str | None:
    """How what the edge follows is not what it was given last."""
    if (state.serial, state.digest) == (last.serial, last.digest):
        return None
    return _("it follows plan {old}, and the site is at {new}").format(
        old=state.serial, new=last.serial
    )


def _ahead_of_us(state: NoAnswer | Refused) -> str | None:
    if isinstance(state, Refused) and state.reason is Reason.OLDER:
        return _("it follows plan {serial} of another copy of this home").format(
            serial=state.serial
        )
    return None


def _state(answer: Answer | NoAnswer) -> EdgeState | NoAnswer | Refused:
    if not isinstance(answer, Done):
        return answer
    try:
        return edge_state.read(answer.told)
    except ValueError:
        return NoAnswer(_("what it tells of itself cannot be read"))


def _remembered(home: Home, link: EdgeLink, state: EdgeState) -> edge_memory.Memory:
    paths, edge = home.plan.paths, link.edge.id
    known = edge_memory.load(paths, edge).meeting(state.host, time.time())
    known = replace(known, serial=state.serial, digest=state.digest)
    edge_memory.keep(paths, edge, known)
    return known


def _knows(home: Home, link: EdgeLink) -> bool:
    token = issue_token(home, link.edge.id)
    known = edge_memory.load(home.plan.paths, link.edge.id)
    return (known.serial, known.digest) == (token.serial, token.digest)


def _wait(home: Home, link: EdgeLink) -> float:
    """One that was never met may not be rented yet."""
    return KNOWN if edge_memory.load(home.plan.paths, link.edge.id).serial else PATIENCE


def _told(home: Home, link: EdgeLink, patience: float) -> Heard:
    state = _state(give(home, link, Verb.STATUS, patience=patience))
    if isinstance(state, NoAnswer):
        return _unheard(home.plan.paths, link, state)
    if isinstance(state, EdgeState):
        known = _remembered(home, link, state)
        if behind(state, issue_token(home, link.edge.id)) is None:
            return Heard(link.edge.id, changed=False)
        edge_memory.keep(home.plan.paths, link.edge.id, replace(known, serial=0))
    answer = give(home, link, Verb.APPLY)
    if not isinstance(answer, Done):
        return _unheard(home.plan.paths, link, answer)
    token = issue_token(home, link.edge.id)
    memory = edge_memory.load(home.plan.paths, link.edge.id)
    memory = replace(memory, serial=token.serial, digest=token.digest)
    edge_memory.keep(home.plan.paths, link.edge.id, memory)
    return Heard(link.edge.id, changed=True)


def _unheard(paths: Paths, link: EdgeLink, answer: NoAnswer | Refused) -> Heard:
    if isinstance(answer, Refused):
        if answer.reason is Reason.OLDER and is_made_up(paths, link.edge.id, answer.serial):
            remark = of_made_up(link.edge.id, answer.serial)
            return Heard(link.edge.id, False, remark.text, remark.cure)
        return Heard(link.edge.id, False, cause_of(answer), cure_of(link.edge.id, answer))
    known = edge_memory.load(paths, link.edge.id)
    if not known.hosts:
        deploy = _("greygate edge deploy {edge} root@HOST").format(edge=link.edge.id)
        return Heard(link.edge.id, False, _("it is not set up yet"), deploy, met=False)
    hint = _("greygate apply, once it is up and linked (greygate status)")
    return Heard(link.edge.id, False, answer.why, hint)


def _named(links: tuple[EdgeLink, ...]) -> str:
    return listing(it.edge.id for it in links)
