"""The world with our server behind its edge: one for all tests of a queue, of whatever folder."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from greygate.lab.topology import INTERNET
from lab import federation
from lab.raised import raised


@pytest.fixture(scope="session")
def sealed() -> Iterator[federation.Sealed]:
    """The lab's internet with our server behind its edge: one for all tests of a process."""
    with raised(f"sealed{os.environ.get('PYTEST_XDIST_WORKER', '')}", INTERNET) as made:
        yield federation.set_up(made)
