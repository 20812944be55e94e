"""Room on disk, told before it is needed and when it ran out."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from greygate.errors import CannotApply, Trouble
from greygate.machine import disk
from greygate.machine.disk import Room


def test_room_is_seen_where_nothing_is_yet(tmp_path: Path) -> None:
    found = disk.room(tmp_path / "a" / "b")
    assert found.at == tmp_path
    seen = os.statvfs(tmp_path)
    assert found.octets <= seen.f_blocks * seen.f_frsize


def test_enough_is_enough() -> None:
    disk.demand(Room(Path("/x"), 400, None), 400, purpose="write")


def test_too_little_says_how_much_and_where() -> None:
    with pytest.raises(Trouble) as met:
        disk.demand(Room(Path("/x"), 12_000_000, 10**6), 400_000_000, purpose="build it")
    assert met.value.what == "cannot build it: 12.0 MB free in /x, about 400.0 MB needed"
    assert "df -h /x" in met.value.hint


def test_inodes_run_out_as_well() -> None:
    with pytest.raises(Trouble, match="5 more files"):
        disk.demand(Room(Path("/x"), 10**9, 5), 10**6, purpose="build it")


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_meanwhile_is_told(tmp_path: Path, error: int) -> None:
    with pytest.raises(CannotApply, match="is full"), disk.told_when_full(tmp_path / "engine"):
        raise OSError(error, "x")


def test_other_errors_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), disk.told_when_full(tmp_path):
        raise PermissionError(errno.EACCES, "x")
