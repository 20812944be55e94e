"""The fixture `bare`: bare(release) is a machine that has nothing yet."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from fresh.bare import Machine, bare_machine

Bare = Callable[[str], Machine]


@pytest.fixture
def bare() -> Iterator[Bare]:
    with ExitStack() as machines:
        # Beside /var/cache, not in /tmp: an overlay cannot lie on every tmpfs.
        below = Path(tempfile.mkdtemp(prefix="greygate-bare-", dir="/var/tmp"))
        machines.callback(below.rmdir)

        def make(release: str) -> Machine:
            number = len(list(below.iterdir()))
            return machines.enter_context(bare_machine(release, below / f"{number}"))

        yield make
