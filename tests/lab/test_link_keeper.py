"""A hole in the line between home and its edge, with the real keeper and two real nodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from greygate.lab import holes
from lab.waiting import wait_until
from our_end import afterwards

pytestmark = pytest.mark.lab

HOLE = 15.0  # seconds: both links end in it, and Yggdrasil alone has backed off by its end
SOON = 10.0
PREFIX = "ggkeep-"


def test_a_lost_link_is_back_soon_after_the_hole(tmp_path: Path) -> None:
    with (
        afterwards(holes.clear, PREFIX),
        holes.line(tmp_path, PREFIX, kept=True) as line,
    ):
        assert line.back_after(HOLE, most=60.0) < SOON
        log = tmp_path / "keeper.log"
        wait_until(lambda: "is up after" in log.read_text(), within=5, what="word of the link")
    assert "is down; dialling" in log.read_text()
