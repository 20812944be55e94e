"""Labs for tests, under names of their own: somebody's own lab on this machine stays as it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from greygate.lab import world
from greygate.lab.places import places_for
from greygate.lab.topology import Topology
from greygate.lab.world import World
from lab import federation
from lab.talking import Pair, open_room

Raise = Callable[[str, Topology], World]


@pytest.fixture(scope="session")
def internet(sealed: federation.Sealed) -> World:
    return sealed.lab


@pytest.fixture(scope="session")
def pair(internet: World) -> Iterator[Pair]:
    """Anna of the hidden server, Boris of the ordinary one."""
    with ExitStack() as stack:
        anna = stack.enter_context(federation.anna(internet))
        boris = stack.enter_context(federation.boris(internet))
        yield Pair(anna, boris, "@boris:remote.example")


@pytest.fixture(scope="session")
def talking(pair: Pair) -> str:
    """A room in which both have talked already: what follows needs no new keys."""
    room = open_room(pair, direct=False)
    for speaker, hearer in ((pair.one, pair.other), (pair.other, pair.one)):
        speaker.does("send", room=room, text=(text := f"hello {hearer}"))
        hearer.does("read", room=room, text=text)
    return room


@pytest.fixture(scope="module")
def lab() -> Iterator[Raise]:
    """Brings a topology up under a name; everything goes down after the module's last test."""
    with ExitStack() as ending:

        def up(name: str, topology: Topology) -> World:
            made = World(places=places_for(os.environ, name=name), environ=os.environ)
            ending.callback(world.down, made)
            world.down(made)  # of a run that was killed
            world.up(made, topology)
            return made

        yield up
