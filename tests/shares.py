"""Which of the tests marked `long` a run takes: a share that changes with the commit, or all."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

SHARES = 4


def turn() -> int:
    """Whose turn it is, from 0 on; the first's where there is no git or no commit."""
    asked = ("git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD")
    try:
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(told[:8], 16) % SHARES


def left_out(items: Sequence[pytest.Item], turn: int) -> list[pytest.Item]:
    """Every fourth of the long ones stays."""
    long = [it for it in items if it.get_closest_marker("long")]
    return [it for place, it in enumerate(long) if place % SHARES != turn]
