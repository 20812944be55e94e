"""The lab's internet with our server behind its edge, for benches: the same as the tests have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from greygate.lab.topology import INTERNET
from greygate.lab.world import World
from lab import federation
from lab.raised import raised
from lab.talking import Pair, open_room, talk


@dataclass(frozen=True, slots=True)
class Served:
    """A world in which two people of two servers talk."""

    lab: World
    pair: Pair
    room: str


@contextmanager
def served(name: str, *more: str) -> Iterator[Served]:
    """Up, and down again; `more` goes to `init`."""
    with ExitStack() as ending:
        lab = ending.enter_context(raised(name, INTERNET))
        federation.set_up(lab, *more)
        anna = ending.enter_context(federation.anna(lab))
        boris = ending.enter_context(federation.boris(lab))
        pair = Pair(anna, boris, "@boris:remote.example")
        room = open_room(pair, direct=False)
        talk(pair, room, topic="before")
        yield Served(lab, pair, room)
