"""Waiting for the world, with a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable


def wait_until(holds: Callable[[], bool], *, within: float, what: str) -> None:
    """Return as soon as it holds; fail with `what` where it does not in time."""
    ends_at = time.monotonic() + within
    while not holds():
        assert time.monotonic() < ends_at, f"not within {within:.0f} s: {what}"
        time.sleep(0.05)
