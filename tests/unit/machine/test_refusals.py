"""The system's refusals, as a person reads them."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from greygate.machine.refusals import trouble_of


def refusal(number: int, path: Path | None) -> OSError:
    said = os.strerror(number)
    return OSError(number, said) if path is None else OSError(number, said, str(path))


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "its file system is read-only"),
        (errno.EACCES, "not allowed"),
        (errno.EIO, "the disk does not work"),
    ],
)
def test_what_a_person_can_mend_is_told(number: int, why: str, tmp_path: Path) -> None:
    trouble = trouble_of(refusal(number, tmp_path))
    assert trouble is not None
    assert trouble.what == f"cannot use {tmp_path}: {why}"
    assert trouble.hint


def test_the_owner_of_what_bars_the_way_is_named(tmp_path: Path) -> None:
    trouble = trouble_of(refusal(errno.EACCES, tmp_path / "absent" / "file"))
    assert trouble is not None
    assert trouble.hint.startswith(f"{tmp_path} belongs to ")


def test_a_full_disk_is_told_where_no_file_is_named() -> None:
    trouble = trouble_of(refusal(errno.ENOSPC, None))
    assert trouble is not None and trouble.what == "cannot go on: the disk is full"


def test_a_mistake_of_ours_stays_one(tmp_path: Path) -> None:
    assert trouble_of(refusal(errno.ENOENT, tmp_path)) is None


def test_a_directory_that_is_gone_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    assert trouble_of(absent) is None
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert "is gone" in str(trouble_of(absent))
    assert trouble_of(FileNotFoundError(errno.ENOENT, "", "/nowhere")) is None
