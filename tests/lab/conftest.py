"""What tests of labs share: worlds of their own, and two people who talk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Protocol

import pytest

from greygate.lab.topology import Debian, Topology
from greygate.lab.world import World
from lab import federation
from lab.raised import raised
from lab.talking import Pair, open_room


class Raise(Protocol):
    """Brings a topology up under a name."""

    def __call__(self, name: str, topology: Topology, debian: Debian = ...) -> World: ...


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

        def up(name: str, topology: Topology, debian: Debian = Debian.BOOKWORM) -> World:
            return ending.enter_context(raised(name, topology, debian))

        yield up
