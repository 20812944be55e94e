"""The world with our server behind its edge: one for all tests of labs, of whatever folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from greygate.lab import world
from greygate.lab.places import places_for
from greygate.lab.topology import INTERNET
from greygate.lab.world import World
from lab import federation


@pytest.fixture(scope="session")
def sealed() -> Iterator[federation.Sealed]:
    """The lab's internet with our server behind its edge: one for all tests that only look."""
    with ExitStack() as ending:
        made = World(places=places_for(os.environ, name="sealedtest"), environ=os.environ)
        ending.callback(world.down, made)
        world.down(made)  # of a run that was killed
        world.up(made, INTERNET)
        yield federation.set_up(made)
