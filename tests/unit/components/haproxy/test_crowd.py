"""A hundred keys of the overlay do not keep a person from a real Synapse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import PurePosixPath

import pytest

import overlay_crowd
from our_end import WITH_US
from real_synapse import engine

__all__ = ["engine"]

pytestmark = [
    pytest.mark.engine,
    pytest.mark.programs,
    pytest.mark.skipif(os.geteuid() != 0, reason="not root (a network namespace of its own)"),
]

ROOM = 230  # MB: where the unit's limit begins on the smallest machine
NOTICED = 20.0  # ms; where quiet is quicker than this, a busy machine's own jitter is more


def test_who_is_logged_in_goes_on_while_a_hundred_keys_attack(engine: PurePosixPath) -> None:
    script = (sys.executable, overlay_crowd.__file__, str(engine))
    done = subprocess.run(
        (*WITH_US, "unshare", "--net", *script),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=400,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    quiet = max(told["quiet"]["p95"], NOTICED)
    assert len(told) == len(overlay_crowd.ATTACKS) + 2
    for attack, seen in told.items():
        assert seen["refused"] == 0, (attack, told)
        assert seen["p95"] <= 10 * quiet, (attack, told)
        assert seen.get("spooled", 0) == 0, (attack, told)
        assert seen.get("resident", 0) <= ROOM, (attack, told)
    assert told["quiet again"]["machines"] == 500
