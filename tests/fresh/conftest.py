"""Bare machines: `bare(release)` has nothing yet, `started(release, *packages)` has some."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest

from fresh.bare import INSIDE, Layers, Machine, bare_tree, machine_above, take_away, upper
from our_end import afterwards

Bare = Callable[[str], Machine]
Started = Callable[..., Machine]
StartedLayers = Callable[..., Layers]


@pytest.fixture
def bare(folder: Path) -> Iterator[Bare]:
    with _machines(folder) as make:
        yield lambda release: make((bare_tree(release),))


@pytest.fixture
def started(folder: Path, started_layers: StartedLayers) -> Iterator[Started]:
    """Here `./greygate` was started once, and the packages installed."""
    with _machines(folder) as make:
        yield lambda *wanted: make(started_layers(*wanted))


@pytest.fixture(scope="session")
def started_layers() -> Iterator[StartedLayers]:
    with _folder() as below:

        @cache
        def made(release: str, *packages: str) -> Layers:
            place = below / "-".join((release, *packages))
            under = made(release) if packages else (bare_tree(release),)
            install = ("apt-get", "-qq", "-y", "install", "--no-install-recommends", *packages)
            argv = install if packages else (f"{INSIDE}/greygate", "--version")
            with machine_above(under, place) as machine:
                done = machine.run(argv)
            assert done.returncode == 0, done.stdout
            return (upper(place), *under)

        yield made


@pytest.fixture
def folder() -> Iterator[Path]:
    with _folder() as below:
        yield below


@contextmanager
def _folder() -> Iterator[Path]:
    # Beside /var/cache, not in /tmp: an overlay cannot lie on every tmpfs.
    below = Path(tempfile.mkdtemp(prefix="greygate-bare-", dir="/var/tmp"))
    with afterwards(take_away, str(below)):
        yield below


@contextmanager
def _machines(below: Path) -> Iterator[Callable[[Layers], Machine]]:
    with ExitStack() as ending:

        def make(layers: Layers) -> Machine:
            number = len(list(below.iterdir()))
            return ending.enter_context(machine_above(layers, below / f"{number}"))

        yield make
