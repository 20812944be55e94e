"""A clock that is behind shows by what it has behind it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greygate.errors import Trouble
from greygate.machine import clock
from greygate.machine.clock import RELEASED, Evidence

NOW = RELEASED + timedelta(days=100)


def test_a_clock_after_everything_is_fine() -> None:
    assert clock.behind(NOW, clock.evidence(())) == ()
    clock.demand(NOW, clock.evidence(()))


def test_a_little_behind_is_tolerated() -> None:
    assert clock.behind(NOW, (Evidence(NOW + timedelta(minutes=50), "x"),)) == ()


def test_a_clock_before_the_release_is_behind() -> None:
    with pytest.raises(Trouble, match="released") as met:
        clock.demand(datetime(1970, 1, 1, tzinfo=UTC), clock.evidence(()))
    assert "timedatectl" in met.value.hint


def test_the_latest_evidence_is_told(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.touch()
    written = (NOW + timedelta(days=3)).timestamp()
    os.utime(file, (written, written))
    known = clock.evidence((file, tmp_path / "absent"))
    with pytest.raises(Trouble, match=str(file)) as met:
        clock.demand(NOW, known)
    assert f"touch {file}" in met.value.hint
