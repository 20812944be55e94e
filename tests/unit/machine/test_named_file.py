"""What a person names as output is written where it leads, and stays what it is."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from greygate.errors import Trouble
from greygate.machine import named_file


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_regular_file_is_replaced_and_has_the_mode(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "paper"
    file.write_bytes(b"an older one, for all to read")
    named_file.write(file, b"new", mode=mode)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (b"new", mode)
    assert [it.name for it in tmp_path.iterdir()] == ["paper"]


@pytest.mark.parametrize(
    ("path", "why"), [(".", "is a directory"), ("none/paper", "no such file or directory")]
)
def test_where_nothing_can_be_written_it_is_said(tmp_path: Path, path: str, why: str) -> None:
    with pytest.raises(Trouble, match=why):
        named_file.write(tmp_path / path, b"", mode=0o600)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link(tmp_path: Path, there: bool) -> None:
    (tmp_path / "stick").mkdir()
    if there:
        (tmp_path / "stick/paper").write_bytes(b"old")
    (tmp_path / "link").symlink_to("stick/paper")
    (tmp_path / "second").symlink_to("link")
    named_file.write(tmp_path / "second", b"new", mode=0o600)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "stick/paper").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "stick/paper").stat().st_mode) == 0o600


def test_a_link_that_leads_nowhere_or_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "lost").symlink_to(tmp_path / "none/paper")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    for name in ("lost", "round"):
        with pytest.raises(Trouble, match="cannot write"):
            named_file.write(tmp_path / name, b"new", mode=0o600)
        assert (tmp_path / name).is_symlink()


def test_a_pipe_gets_it_all_and_one_without_a_reader_is_refused(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(Trouble, match="nobody reads from it"):
        named_file.write(pipe, b"new", mode=0o600)
    content = os.urandom(1_000_000)  # more than a pipe holds
    with (
        (tmp_path / "read").open("wb") as read,
        subprocess.Popen(("cat", pipe), stdout=read) as cat,
    ):
        _written_to(pipe, content)
        assert cat.wait(30) == 0
    assert (tmp_path / "read").read_bytes() == content
    assert stat.S_ISFIFO(pipe.lstat().st_mode)


def _written_to(pipe: Path, content: bytes) -> None:
    code = (
        "import sys, time; from pathlib import Path; from greygate.errors import Trouble;"
        "from greygate.machine import named_file\n"
        "content = sys.stdin.buffer.read()\n"
        "for _ in range(200):\n"
        "    try: named_file.write(Path(sys.argv[1]), content, mode=0o600); break\n"
        "    except Trouble: time.sleep(0.05)\n"
    )
    with subprocess.Popen((sys.executable, "-c", code, pipe), stdin=subprocess.PIPE) as writing:
        assert writing.stdin is not None
        writing.stdin.write(content)


@pytest.mark.skipif(os.geteuid() != 0, reason="makes device nodes: needs root")
def test_a_device_is_written_to_and_stays_and_a_disk_is_refused(tmp_path: Path) -> None:
    device, disk = tmp_path / "null", tmp_path / "disk"
    os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    os.mknod(disk, 0o600 | stat.S_IFBLK, os.makedev(7, 250))
    named_file.write(device, b"new", mode=0o600)
    assert stat.S_ISCHR(device.lstat().st_mode)
    with pytest.raises(Trouble, match="it is a disk"):
        named_file.write(disk, b"new", mode=0o600)
    assert stat.S_ISBLK(disk.lstat().st_mode)


def test_nothing_binary_goes_to_a_terminal() -> None:
    ours, theirs = os.openpty()
    try:
        name = Path(os.ttyname(theirs))
        with pytest.raises(Trouble, match="terminal"):
            named_file.write(name, b"a\0b", mode=0o600)
        named_file.write(name, b"text", mode=0o600)
        assert os.read(ours, 10) == b"text"
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_file_of_ours_that_is_open_goes_on_where_it_was(tmp_path: Path) -> None:
    with (tmp_path / "bundle").open("ab") as bundle:
        bundle.write(b"first ")
        bundle.flush()
        named_file.write(Path(f"/dev/fd/{bundle.fileno()}"), b"second", mode=0o600)
        assert named_file.is_open_as(tmp_path / "bundle", bundle.fileno())
    assert (tmp_path / "bundle").read_bytes() == b"first second"


def test_what_has_no_end_is_not_read_for_ever() -> None:
    with pytest.raises(OSError, match="too large"):
        named_file.read(Path("/dev/zero"), most=1000)


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a pipe away: needs root")
def test_a_secret_goes_into_nobody_elses_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "identity.tar"
    os.mkfifo(pipe)
    os.chown(pipe, 65534, -1)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(Trouble, match="somebody else's"):
            named_file.write(pipe, b"secret", mode=0o600)
        assert os.read(reader, 1) == b""
        named_file.write(pipe, b"for all", mode=0o644)
        assert os.read(reader, 7) == b"for all"
    finally:
        os.close(reader)
