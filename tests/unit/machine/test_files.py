"""Files are whole or not there, and never seen by others on the way."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from greygate.errors import Trouble
from greygate.machine.files import Owner, directory, give, replace, write_new

OURS = Owner.ourselves()


def test_a_file_that_is_there_is_never_written_over(tmp_path: Path) -> None:
    file = tmp_path / "key"
    assert write_new(file, b"one", owner=OURS, mode=0o400)
    assert not write_new(file, b"two", owner=OURS, mode=0o400)
    assert file.read_bytes() == b"one"
    assert [it.name for it in tmp_path.iterdir()] == ["key"]


def test_a_replaced_file_is_a_new_one(tmp_path: Path) -> None:
    file = tmp_path / "pem"
    replace(file, b"one", owner=OURS, mode=0o400)
    with file.open("rb") as reading:
        replace(file, b"two", owner=OURS, mode=0o440)
        assert reading.read() == b"one"
    assert file.read_bytes() == b"two"
    assert stat.S_IMODE(file.stat().st_mode) == 0o440


def test_what_a_killed_one_left_goes_and_what_another_is_writing_stays(tmp_path: Path) -> None:
    (tmp_path / ".pem.new").symlink_to(tmp_path / "elsewhere")
    (tmp_path / ".pem.abc.new").write_bytes(b"a secret")
    (tmp_path / ".pem.def.new").write_bytes(b"at work")
    for name in (".pem.new", ".pem.abc.new"):
        os.utime(tmp_path / name, (1, 1), follow_symlinks=False)
    replace(tmp_path / "pem", b"one", owner=OURS, mode=0o400)
    assert sorted(it.name for it in tmp_path.iterdir()) == [".pem.def.new", "pem"]


def test_many_who_write_one_file_at_once_do_not_meet(tmp_path: Path) -> None:
    """One draft for all would be taken away from under the other."""
    file = tmp_path / "pem"
    code = (
        "import sys; from pathlib import PurePath; from greygate.machine.files import *\n"
        "for _ in range(60): replace(PurePath(sys.argv[1]), b'x' * 9999, "
        "owner=Owner.ourselves(), mode=0o600)"
    )
    writing = [subprocess.Popen((sys.executable, "-c", code, file)) for _each in range(3)]
    assert [each.wait(60) for each in writing] == [0, 0, 0]
    assert file.read_bytes() == b"x" * 9999
    assert [it.name for it in tmp_path.iterdir()] == ["pem"]


def test_directories_have_their_mode_whatever_the_umask(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    before = os.umask(0o077)
    try:
        made = directory(tmp_path / "a" / "b", mode=0o711)
    finally:
        os.umask(before)
    assert [stat.S_IMODE(it.stat().st_mode) for it in (made, made.parent)] == [0o711, 0o711]
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="gives files away: needs root")
def test_a_file_is_given_to_its_service(tmp_path: Path) -> None:
    nobody = Owner.account("nobody")
    replace(tmp_path / "pem", b"one", owner=nobody, mode=0o400)
    (tmp_path / "old").write_bytes(b"")
    give(tmp_path / "old", owner=nobody, mode=0o400)
    for seen in (os.stat(tmp_path / "pem"), os.stat(tmp_path / "old")):
        assert (seen.st_uid, stat.S_IMODE(seen.st_mode)) == (nobody.user, 0o400)


def test_an_account_that_is_missing_is_named() -> None:
    with pytest.raises(Trouble, match="greygate-nobody"):
        Owner.account("greygate-nobody")
