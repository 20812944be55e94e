"""Real programs that start others: none of them is left, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from greygate.machine import process_group
from our_end import HEARING

# A worker that would wait for ever, as compileall's do when their parent is killed.
FAMILY = ("sh", "-c", 'sleep "$0" & sleep "$0" & echo started; wait', "{mark}")
OURS = (
    "import sys; from greygate.machine import process_group\n"
    "with process_group.started(sys.argv[1:]) as it:\n"
    "    print(it.stdout.readline(), flush=True, end=''); it.stdout.read()\n"
)


@pytest.fixture
def mark() -> str:
    return f"{os.getpid()}{time.monotonic_ns() % 10**6}"


def relatives(mark: str) -> list[int]:
    return [it.pid for it in psutil.process_iter() if mark in " ".join(_words(it))]


def _words(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _family(mark: str) -> list[str]:
    return [it.replace("{mark}", mark) for it in FAMILY]


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_all_of_them_end_with_us(mark: str, ending: signal.Signals) -> None:
    with subprocess.Popen(
        (*HEARING, sys.executable, "-c", OURS, *_family(mark)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as ours:
        assert ours.stdout is not None
        assert ours.stdout.readline() == b"started\n"
        assert len(relatives(mark)) >= 4
        ours.send_signal(ending)
        ours.wait(10)
    until = time.monotonic() + 5
    while relatives(mark):
        assert time.monotonic() < until, relatives(mark)
        time.sleep(0.02)


def test_all_of_them_end_with_the_block(mark: str) -> None:
    with pytest.raises(ZeroDivisionError), process_group.started(_family(mark)) as it:
        assert it.stdout is not None
        it.stdout.readline()
        raise ZeroDivisionError
    assert relatives(mark) == []


def test_what_a_program_leaves_behind_ends_with_it(mark: str) -> None:
    done = process_group.run(("sh", "-c", f"sleep {mark} & echo said; exit 7"))
    assert (done.returncode, done.stdout) == (7, "said\n")
    assert relatives(mark) == []


def test_it_has_no_input_and_its_own_environment(tmp_path: Path) -> None:
    done = process_group.run(("sh", "-c", 'cat; echo "$A"'), environ={**os.environ, "A": "b c"})
    assert (done.returncode, done.stdout) == (0, "b c\n")
    assert process_group.run((str(tmp_path / "none"),)).returncode == 127
