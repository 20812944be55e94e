"""What is left behind of tests that are killed: nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.waiting import wait_until
from our_end import HEARING, afterwards

PROGRAM = """
import shutil, subprocess, sys
from our_end import WITH_US, afterwards
with afterwards(shutil.rmtree, sys.argv[1]):
    print(subprocess.Popen((*WITH_US, "sleep", "99")).pid, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_where_we_are_killed(tmp_path: Path, number: signal.Signals) -> None:
    there = tmp_path / "there"
    there.mkdir()
    with subprocess.Popen(
        (*HEARING, sys.executable, "-c", PROGRAM, str(there)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as running:
        assert running.stdout is not None
        sleeping = Path("/proc", running.stdout.readline().decode().strip())
        wait_until(lambda: _name(sleeping) == "sleep", within=20, what="it sleeps")
        assert there.exists()
        running.send_signal(number)
        wait_until(lambda: not there.exists(), within=20, what="what was to be done is done")
        wait_until(lambda: not sleeping.exists(), within=20, what="what ran with us has ended")


def _name(process: Path) -> str:
    return (process / "comm").read_text().strip()


def test_where_it_cannot_be_done(tmp_path: Path) -> None:
    with pytest.raises(AssertionError), afterwards(os.rmdir, str(tmp_path / "nothing")):
        pass
