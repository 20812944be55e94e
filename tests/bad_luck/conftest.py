"""Machines of their own for tests of bad luck; Synapse's environment is the one of all tests."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from bad_luck.machine import Machine, machine
from greygate.machine.files import closed_above
from real_synapse import engine

__all__ = ["engine"]


@pytest.fixture
def home(engine: PurePosixPath) -> Iterator[Machine]:
    """A machine that has everything but a server."""
    environment = Path(engine).parents[1]
    if closed := closed_above(Path(engine).resolve()):
        left_out = pytest.fail if "CI" in os.environ else pytest.skip
        left_out(f"the services may not run Synapse's Python: {closed} is closed to them")
    with (
        tempfile.TemporaryDirectory(prefix="ggt-") as below,
        machine(Path(below), engine=environment) as made,
    ):
        yield made
