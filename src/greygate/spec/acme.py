"""The life of a certificate from a public authority, and of one order, as tables (RFC 8555, 7.1.6).

Theory of operation.

A *certificate* is what one place in service has: none, one that serves, one that serves while a
newer is ordered. There is no state in which an order in trouble takes away what serves: every way
out of RENEWING leads back to a certificate, the old one or the new one. What is known of it is
read from the disk each time (the certificate in place, and the last failure), so a process that
was killed anywhere goes on as if it had looked a moment later. When the timer rings is another
module's matter (`renewal`).

An *order* is rehearsed, placed, proved, finished, fetched, checked, installed. It follows the
authority's states: an order whose names were proved lately is READY at once, and nothing is
published for it. Whatever was published is withdrawn on every way out. The order's address and
the key are kept before it is finished, so one that was cut short is taken up again (RESUMED) in
whatever state the authority has it, and a certificate that was issued is not ordered twice.

`step` and `life` never sleep and ask nobody. Deadlines and refusals come in as events, what must
be done goes out as actions, in their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class Life(Enum):
    """What is in service."""

    NONE = "none"
    ORDERING = "ordering"  # nothing serves yet
    FAILED = "failed"  # nothing serves, and the last order failed
    SERVING = "serving"
    RENEWING = "renewing"  # the old one serves
    LATE = "late"  # the old one serves, and the last order failed


class Turn(Enum):
    """What happens to a certificate."""

    DUE = "due"  # the timer; or other names are wanted
    INSTALLED = "installed"  # by us, from an order
    REPLACED = "replaced"  # another one is in place than the last failure was about
    REFUSED = "refused"  # the order failed
    LOST = "lost"  # expired, revoked or gone


class Deed(Enum):
    """What must be done about a certificate."""

    ORDER = "order"
    RELOAD = "reload"
    KEEP_FAILURE = "keep-failure"
    FORGET_FAILURE = "forget-failure"
    ARM_RENEWAL = "arm-renewal"
    ARM_RETRY = "arm-retry"


_RENEWED = (Deed.RELOAD, Deed.FORGET_FAILURE, Deed.ARM_RENEWAL)
_MISSED = (Deed.KEEP_FAILURE, Deed.ARM_RETRY)

LIVES: Mapping[tuple[Life, Turn], tuple[Life, tuple[Deed, ...]]] = {
    (Life.NONE, Turn.DUE): (Life.ORDERING, (Deed.ORDER,)),
    (Life.ORDERING, Turn.INSTALLED): (Life.SERVING, _RENEWED),
    (Life.ORDERING, Turn.REFUSED): (Life.FAILED, _MISSED),
    (Life.FAILED, Turn.DUE): (Life.ORDERING, (Deed.ORDER,)),
    (Life.FAILED, Turn.REPLACED): (Life.SERVING, (Deed.FORGET_FAILURE, Deed.ARM_RENEWAL)),
    (Life.SERVING, Turn.DUE): (Life.RENEWING, (Deed.ORDER,)),
    (Life.SERVING, Turn.REPLACED): (Life.SERVING, (Deed.ARM_RENEWAL,)),
    (Life.SERVING, Turn.LOST): (Life.NONE, ()),
    (Life.RENEWING, Turn.INSTALLED): (Life.SERVING, _RENEWED),
    (Life.RENEWING, Turn.REFUSED): (Life.LATE, _MISSED),
    (Life.RENEWING, Turn.LOST): (Life.ORDERING, ()),
    (Life.LATE, Turn.DUE): (Life.RENEWING, (Deed.ORDER,)),
    (Life.LATE, Turn.REPLACED): (Life.SERVING, (Deed.FORGET_FAILURE, Deed.ARM_RENEWAL)),
    (Life.LATE, Turn.LOST): (Life.FAILED, ()),
}


class State(Enum):
    """How far an order is."""

    NEW = "new"
    RESUMING = "resuming"
    REHEARSING = "rehearsing"
    PLACING = "placing"
    PROVING = "proving"  # the authority looks
    FINISHING = "finishing"  # it issues
    FETCHING = "fetching"
    CHECKING = "checking"
    INSTALLING = "installing"
    ISSUED = "issued"  # an end: it serves
    FAILED = "failed"  # an end


class Event(Enum):
    """What happens to an order; the first four are what the authority says of it."""

    PENDING = "pending"  # names are to be proved
    READY = "ready"  # they are
    VALID = "valid"  # it is issued
    INVALID = "invalid"
    BEGUN = "begun"
    RESUMED = "resumed"  # one was kept from before
    DONE = "done"  # what was asked for last went well
    TROUBLE = "trouble"
    DEADLINE = "deadline"


class Action(Enum):
    """What must be done for an order."""

    ASK = "ask"  # in what state the authority has it
    REHEARSE = "rehearse"
    PLACE = "place"
    PUBLISH = "publish"
    AWAIT_PUBLISHED = "await-published"
    ANSWER = "answer"
    AWAIT_PROVED = "await-proved"
    WITHDRAW = "withdraw"
    FINISH = "finish"
    FETCH = "fetch"
    CHECK = "check"
    INSTALL = "install"
    FORGET = "forget"  # the kept order


# What is published is withdrawn before all else: also where the rest fails.
_PROVE = (Action.PUBLISH, Action.AWAIT_PUBLISHED, Action.ANSWER, Action.AWAIT_PROVED)
_CLOSE = (Action.WITHDRAW, Action.FORGET)

ORDERS: Mapping[tuple[State, Event], tuple[State, tuple[Action, ...]]] = {
    (State.NEW, Event.BEGUN): (State.REHEARSING, (Action.REHEARSE,)),
    (State.NEW, Event.RESUMED): (State.RESUMING, (Action.ASK,)),
    (State.RESUMING, Event.READY): (State.FINISHING, (Action.FINISH,)),
    (State.RESUMING, Event.VALID): (State.FETCHING, (Action.FETCH,)),
    # Its names are still to be proved: that is begun anew, with a look at where they lead.
    (State.RESUMING, Event.PENDING): (State.REHEARSING, (Action.FORGET, Action.REHEARSE)),
    (State.RESUMING, Event.INVALID): (State.REHEARSING, (Action.FORGET, Action.REHEARSE)),
    (State.REHEARSING, Event.DONE): (State.PLACING, (Action.PLACE,)),
    (State.PLACING, Event.PENDING): (State.PROVING, _PROVE),
    (State.PLACING, Event.READY): (State.FINISHING, (Action.FINISH,)),
    (State.PROVING, Event.READY): (State.FINISHING, (Action.WITHDRAW, Action.FINISH)),
    (State.FINISHING, Event.VALID): (State.FETCHING, (Action.FETCH,)),
    (State.FETCHING, Event.DONE): (State.CHECKING, (Action.CHECK,)),
    (State.CHECKING, Event.DONE): (State.INSTALLING, (Action.INSTALL,)),
    (State.INSTALLING, Event.DONE): (State.ISSUED, (Action.FORGET,)),
    # What fails: an order that the authority has done with, or that is unfit, is not kept.
    (State.PROVING, Event.INVALID): (State.FAILED, _CLOSE),
    (State.FINISHING, Event.INVALID): (State.FAILED, (Action.FORGET,)),
    (State.CHECKING, Event.TROUBLE): (State.FAILED, (Action.FORGET,)),
    # What only went wrong here, or was not answered, goes on at the next try.
    (State.RESUMING, Event.TROUBLE): (State.FAILED, ()),
    (State.RESUMING, Event.DEADLINE): (State.FAILED, ()),
    (State.REHEARSING, Event.TROUBLE): (State.FAILED, ()),
    (State.PLACING, Event.TROUBLE): (State.FAILED, ()),
    (State.PROVING, Event.TROUBLE): (State.FAILED, (Action.WITHDRAW,)),
    (State.PROVING, Event.DEADLINE): (State.FAILED, (Action.WITHDRAW,)),
    (State.FINISHING, Event.TROUBLE): (State.FAILED, ()),
    (State.FINISHING, Event.DEADLINE): (State.FAILED, ()),
    (State.FETCHING, Event.TROUBLE): (State.FAILED, ()),
    (State.INSTALLING, Event.TROUBLE): (State.FAILED, ()),
}

ENDS = frozenset((State.ISSUED, State.FAILED))


def life(now: Life, turn: Turn) -> tuple[Life, tuple[Deed, ...]]:
    """What becomes of a certificate; an AssertionError where that cannot happen to it."""
    assert (now, turn) in LIVES, f"{turn} cannot happen to a certificate that is {now}"
    return LIVES[now, turn]


def step(now: State, event: Event) -> tuple[State, tuple[Action, ...]]:
    """What becomes of an order; an AssertionError where that cannot happen to it."""
    assert (now, event) in ORDERS, f"{event} cannot happen to an order that is {now}"
    return ORDERS[now, event]


def diagram() -> str:
    """The way of an order as a Mermaid drawing, for the documentation."""
    lines = (
        f"    {before.value} --> {after.value}: {event.value}"
        for (before, event), (after, _actions) in ORDERS.items()
    )
    return "\n".join(("stateDiagram-v2", *lines)) + "\n"
