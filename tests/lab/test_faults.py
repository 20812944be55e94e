"""Each program dies in turn while two people talk, on home, edge and the other's server.

How soon they go on is measured by `./dev bench faults`.
"""

from __future__ import annotations

import pytest

from greygate.lab.world import World
from lab.kills import KILLS, Kill, killed
from lab.talking import Pair

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_no_message_is_lost_and_it_goes_on(
    internet: World, pair: Pair, talking: str, kill: Kill
) -> None:
    told = killed(internet, pair, talking, kill)
    assert told.there.decrypted
    assert told.back.decrypted
