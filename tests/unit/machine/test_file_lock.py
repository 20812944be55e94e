"""One at a time, and nobody inherits it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greygate.machine.file_lock import locked
from greygate.progress import Silent

HOLD = (
    "import sys, subprocess; from pathlib import Path\n"
    "from greygate.machine.file_lock import locked\n"
    "with locked(Path(sys.argv[1])):\n"
    "    child = subprocess.Popen(('sleep', '300'), stdout=subprocess.DEVNULL)\n"
    "    print(child.pid, flush=True); sys.stdin.read()\n"
)


class Told(Silent):
    def __init__(self) -> None:
        self.steps: list[str] = []

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        self.steps.append(text)
        yield


@pytest.mark.parametrize("way", ["end", "kill"])
def test_who_waits_says_so_and_no_child_of_the_holder_keeps_it(tmp_path: Path, way: str) -> None:
    file, told = tmp_path / "lock", Told()
    with subprocess.Popen(
        (sys.executable, "-c", HOLD, file), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        child = int(holder.stdout.readline())
        try:
            waiter = subprocess.Popen(
                (sys.executable, "-c", HOLD.replace("sys.stdin.read()", "child.kill()"), file),
                stdout=subprocess.PIPE,
            )
            with pytest.raises(subprocess.TimeoutExpired):
                waiter.wait(1)
            if way == "kill":
                holder.kill()
            else:
                holder.communicate()
            assert waiter.wait(10) == 0
            with locked(file, told, waiting="waiting"):
                pass
            assert Path(f"/proc/{child}").exists()
        finally:
            subprocess.run(("kill", str(child)), check=True)
    assert told.steps == []


def test_it_is_told_that_somebody_else_is_at_work(tmp_path: Path) -> None:
    file, told = tmp_path / "lock", Told()
    holding = HOLD.replace("sys.stdin.read()", "import time; time.sleep(1); child.kill()")
    with subprocess.Popen((sys.executable, "-c", holding, file), stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with locked(file, told, waiting="waiting for another"):
            pass
    assert told.steps == ["waiting for another"]


def test_whoever_holds_it_does_not_wait_for_himself(tmp_path: Path) -> None:
    with locked(tmp_path / "lock"), locked(tmp_path / "lock"):
        pass
    with locked(tmp_path / "lock"):
        pass
