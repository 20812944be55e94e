"""A world for tests, under a name of its own: somebody's own lab on this machine stays as it is."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from greygate.lab import clone, world
from greygate.lab.places import Places, places_for
from greygate.lab.topology import Debian, Topology
from greygate.lab.world import World
from our_end import afterwards


@contextmanager
def raised(name: str, topology: Topology, debian: Debian = Debian.BOOKWORM) -> Iterator[World]:
    """Up for the block."""
    lower(name)  # what was killed together with its guard
    with afterwards(lower, name):
        made = _world(name)
        world.up(made, topology, debian)
        yield made


def lower(name: str) -> None:
    """Down, wherever it got to."""
    world.down(_world(name))


def places_of(name: str) -> Places:
    """Of this working tree alone: two clones may be tested at the same time."""
    tree = hashlib.sha256(bytes(clone.OURS)).hexdigest()[:4]
    return places_for(os.environ, name=f"{name}{tree}")


def _world(name: str) -> World:
    return World(places=places_of(name), environ=os.environ)
