"""Closed streams, pipes that nobody reads, narrow terminals: with the real program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import greygate
from greygate.home.place import Place

SOURCE = str(Path(greygate.__file__).parents[1])
GREYGATE = f'"{sys.executable}" -P -m greygate'


def shell(command: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of it; $G is the program."""
    return subprocess.run(
        ("bash", "-o", "pipefail", "-c", command.replace("$G", GREYGATE)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "PYTHONPATH": SOURCE, **environ},
    )


@pytest.mark.parametrize(
    ("json_flag", "closed"), [("", "<&-"), ("", ">&-"), ("--json", "2>&-"), ("", "<&- >&- 2>&-")]
)
def test_a_closed_stream_changes_nothing_but_what_is_read(
    made: Place, closed: str, json_flag: str
) -> None:
    whole = shell(f"$G status {json_flag} --state {made.paths.state}")
    ended = shell(f"$G status {json_flag} --state {made.paths.state} {closed}")
    assert (whole.returncode, ended.returncode) == (1, 1)
    assert "Traceback" not in ended.stdout + ended.stderr
    assert ended.stderr in ("", whole.stderr)
    if json_flag:
        assert json.loads(ended.stdout)["people"]["reachable"] == "no"


@pytest.mark.parametrize("closed", ["2>&-"])
def test_a_refusal_with_json_is_alone_on_stdout_without_stderr(tmp_path: Path, closed: str) -> None:
    ended = shell(f"$G status --json --state {tmp_path}/none {closed}")
    assert ended.returncode == 3
    assert "no server here" in json.loads(ended.stdout)["error"]["what"]


def test_a_closed_input_cannot_agree(made: Place) -> None:
    ended = shell(f"$G user deactivate anna --state {made.paths.state} <&-")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--yes" in ended.stderr


def test_whoever_reads_one_line_does_not_change_the_verdict(made: Place) -> None:
    ended = shell(f"$G status --state {made.paths.state} | head -n 1")
    assert (ended.returncode, ended.stderr) == (1, "")
    assert shell(f"$G show plan --state {made.paths.state} | true").returncode == 0


def test_an_archive_that_nobody_takes_is_no_success(made: Place) -> None:
    ended = shell(f"$G backup identity --state {made.paths.state} | true")
    assert ended.returncode == 3
    assert "nobody reads from it" in ended.stderr


def test_a_full_disk_behind_stdout_is_told(made: Place) -> None:
    ended = shell(f"$G show plan --state {made.paths.state} >/dev/full")
    assert ended.returncode == 3
    assert "the disk is full" in ended.stderr
    assert "Exception" not in ended.stderr


@pytest.mark.parametrize("columns", ["1", "20", "0", "9999"])
def test_help_fits_into_any_terminal(columns: str) -> None:
    ended = shell("$G edge deploy --help", COLUMNS=columns)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Usage:" in ended.stdout


def test_what_is_named_as_output_stays_what_it_is(made: Place, tmp_path: Path) -> None:
    state = f"--state {made.paths.state}"
    plain = shell(f"$G cert export {state}").stdout
    assert shell(f"$G cert export /dev/stdout {state}").stdout == plain
    assert Path("/dev/stdout").is_symlink()
    shell(f"mkfifo {tmp_path}/pipe")
    piped = shell(f"cat {tmp_path}/pipe & sleep 0.2; $G cert export {tmp_path}/pipe {state}; wait")
    assert plain in piped.stdout
    appended = shell(f"echo first >{tmp_path}/a; $G cert export /dev/fd/3 {state} 3>>{tmp_path}/a")
    assert appended.returncode == 0
    assert (tmp_path / "a").read_text() == f"first\n{plain}"
    refused = shell(f"$G backup identity /dev/stdout --json {state}")
    assert refused.returncode == 2
    assert "binary, and a secret" in json.loads(refused.stdout)["error"]["what"]
    file = f"{tmp_path}/b.tar"
    led = shell(f"$G backup identity /dev/stdout {state} >{file}; tar -tf {file}")
    assert "server-name" in led.stdout


@pytest.mark.parametrize("file", ["pipe", "/dev/zero", "/dev/null"])
def test_a_site_file_is_a_file(tmp_path: Path, file: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    ended = shell(f"$G show plan --site {tmp_path / file} --state {tmp_path}/s")
    assert ended.returncode == 2
    assert "it is a pipe or a device" in ended.stderr


@pytest.mark.parametrize("name", ["a:b", "a\nb", "a ;b"])
def test_a_state_that_programs_would_misread_is_refused(tmp_path: Path, name: str) -> None:
    state = f"{tmp_path}/{name}"
    ended = shell('$G up --state "$STATE"', STATE=state)
    assert ended.returncode == 3
    assert "would be misread" in ended.stderr
    assert not Path(state).exists()


def test_a_clone_below_a_colon_says_what_to_do(tmp_path: Path) -> None:
    tree = Path(SOURCE).parent
    clone = tmp_path / "a:b"
    clone.mkdir()
    for part in ("greygate", "locks", "src"):
        shell(f"cp -r {tree}/{part} {clone}/")
    ended = shell(f"{clone}/greygate --version")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "no path with a colon" in ended.stderr
    other = shell(f"{tree}/greygate --version", GREYGATE_STATE=f"{tmp_path}/c:d")
    assert (other.returncode, other.stdout) == (3, "")
    assert "GREYGATE_STATE=DIR" in other.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("--version", "the disk is full"),
        ("--help", "the disk is full"),
        ("status --help --json", "the disk is full"),
        ("status --json --state /nowhere", "there is no server here yet"),
    ],
)
def test_a_full_disk_is_told_by_whatever_is_printed(words: str, told: str, unbuffered: str) -> None:
    ended = shell(f"$G {words} >/dev/full", PYTHONUNBUFFERED=unbuffered)
    assert (ended.returncode, "Traceback" in ended.stderr) == (3, False)
    assert told in ended.stderr


def test_a_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    ended = shell(f"mkdir {gone}; cd {gone}; rmdir {gone}; $G status --state rel")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "the directory that you stand in is gone" in ended.stderr
