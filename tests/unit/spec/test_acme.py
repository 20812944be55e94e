"""The tables of orders and certificates: read as scripts, event in, actions out."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from greygate.spec import acme
from greygate.spec.acme import ENDS, LIVES, ORDERS, Action, Deed, Event, Life, State, Turn

DOCS = Path(__file__).parents[3] / "docs"

GOOD = (
    (Event.BEGUN, (Action.REHEARSE,)),
    (Event.DONE, (Action.PLACE,)),
    (
        Event.PENDING,
        (Action.PUBLISH, Action.AWAIT_PUBLISHED, Action.ANSWER, Action.AWAIT_PROVED),
    ),
    (Event.READY, (Action.WITHDRAW, Action.FINISH)),
    (Event.VALID, (Action.FETCH,)),
    (Event.DONE, (Action.CHECK,)),
    (Event.DONE, (Action.INSTALL,)),
    (Event.DONE, (Action.FORGET,)),
)


def played(*events: Event) -> tuple[State, list[Action]]:
    state, done = State.NEW, list[Action]()
    for event in events:
        state, actions = acme.step(state, event)
        done += actions
    return state, done


def test_an_order_from_its_beginning_to_its_end() -> None:
    state = State.NEW
    for event, actions in GOOD:
        state, told = acme.step(state, event)
        assert told == actions
    assert state is State.ISSUED


def test_names_that_were_proved_lately_are_not_published() -> None:
    state, done = played(Event.BEGUN, Event.DONE, Event.READY)
    assert state is State.FINISHING
    assert Action.PUBLISH not in done


def test_an_order_that_was_cut_short_after_it_was_issued_is_only_fetched() -> None:
    state, done = played(Event.RESUMED, Event.VALID, Event.DONE, Event.DONE, Event.DONE)
    assert state is State.ISSUED
    assert done == [Action.ASK, Action.FETCH, Action.CHECK, Action.INSTALL, Action.FORGET]


@pytest.mark.parametrize("event", [Event.PENDING, Event.INVALID])
def test_one_that_was_cut_short_before_is_begun_anew(event: Event) -> None:
    state, done = played(Event.RESUMED, event, Event.DONE)
    assert state is State.PLACING
    assert done == [Action.ASK, Action.FORGET, Action.REHEARSE, Action.PLACE]


@pytest.mark.parametrize("event", [Event.TROUBLE, Event.DEADLINE, Event.INVALID])
def test_whatever_is_published_is_withdrawn(event: Event) -> None:
    state, done = played(Event.BEGUN, Event.DONE, Event.PENDING, event)
    assert state is State.FAILED
    assert Action.WITHDRAW in done[done.index(Action.PUBLISH) :]


def test_what_was_issued_and_could_not_be_written_is_kept() -> None:
    _state, done = played(Event.RESUMED, Event.VALID, Event.DONE, Event.DONE, Event.TROUBLE)
    assert Action.FORGET not in done


def test_every_state_can_be_reached_and_left() -> None:
    seen, waiting = {State.NEW}, deque([State.NEW])
    while waiting:
        now = waiting.popleft()
        after = {to for (before, _event), (to, _actions) in ORDERS.items() if before is now}
        assert after or now in ENDS
        waiting.extend(after - seen)
        seen |= after
    assert seen == set(State)


def test_every_action_and_deed_has_its_place() -> None:
    assert {it for _state, actions in ORDERS.values() for it in actions} == set(Action)
    assert {it for _life, deeds in LIVES.values() for it in deeds} == set(Deed)


def test_no_failure_takes_away_what_serves() -> None:
    assert acme.life(Life.RENEWING, Turn.REFUSED)[0] is Life.LATE
    assert acme.life(Life.LATE, Turn.DUE) == (Life.RENEWING, (Deed.ORDER,))


def test_what_cannot_happen_is_a_broken_promise() -> None:
    with pytest.raises(AssertionError, match="cannot happen"):
        acme.step(State.ISSUED, Event.PENDING)
    with pytest.raises(AssertionError, match="cannot happen"):
        acme.life(Life.NONE, Turn.INSTALLED)


@pytest.mark.parametrize("name", ["certificates.md", "certificates.ru.md"])
def test_the_documents_show_the_table(name: str) -> None:
    drawn = acme.diagram()
    assert drawn.count("-->") == len(ORDERS)
    assert f"```mermaid\n{drawn}```" in (DOCS / name).read_text("utf-8"), drawn
