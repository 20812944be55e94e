"""A home that orders from a Pebble of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from acme_rig.rig import Authority, Rig
from greygate.certs.issue import issue
from greygate.progress import Silent
from some_orders import Orders, orders


@pytest.fixture(scope="session")
def authority(rig: Rig) -> Iterator[Authority]:
    """One for all tests that do not need another temper."""
    with rig.authority() as ca:
        yield ca


@pytest.fixture
def acme(rig: Rig, authority: Authority, tmp_path: Path) -> Iterator[Orders]:
    with orders(rig, authority, tmp_path) as made:
        yield made


@pytest.fixture(scope="session")
def first(rig: Rig, authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a home that has its first certificate."""
    below = tmp_path_factory.mktemp("first")
    with orders(rig, authority, below) as made:
        made.lead()
        issue(made.ordering, Silent())
    return below


@pytest.fixture
def issued(rig: Rig, authority: Authority, first: Path, tmp_path: Path) -> Iterator[Orders]:
    """A copy of it, its aliases published."""
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    with orders(rig, authority, tmp_path) as made:
        made.lead()
        yield made
