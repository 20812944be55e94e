"""Whole servers for apps to come to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

import pytest

import some_sites
from greygate.site.model import Node
from real_synapse import engine
from whole_server import WholeServer, whole_server

__all__ = ["engine"]


@pytest.fixture(scope="session")
def server(engine: PurePosixPath) -> Iterator[WholeServer]:
    """One that stands alone, and has a client name."""
    with whole_server(some_sites.site(Node.MANAGED), engine) as it:
        yield it
