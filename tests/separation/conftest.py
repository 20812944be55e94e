"""The sealed world with an oracle in it, and the three places from which one shoots."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.federation import Sealed
from separation import places
from separation.places import Place
from separation.synapse_log import SynapseLog


@pytest.fixture(scope="session")
def synapse_log(sealed: Sealed) -> Iterator[SynapseLog]:
    with places.watched(sealed.lab) as log:
        yield log


@pytest.fixture(scope="session")
def outsider(sealed: Sealed, synapse_log: SynapseLog) -> Iterator[Place]:
    with places.place(sealed.lab, "outsider", synapse_log) as place:
        yield place


@pytest.fixture(scope="session")
def friend(sealed: Sealed, synapse_log: SynapseLog) -> Iterator[Place]:
    with places.place(sealed.lab, "friend", synapse_log) as place:
        yield place


@pytest.fixture(scope="session")
def edge(sealed: Sealed, synapse_log: SynapseLog) -> Iterator[Place]:
    with places.place(sealed.lab, "edge", synapse_log) as place:
        yield place
