"""supervisord with real children: nothing outlives it, and who dies says why."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path, PurePosixPath

import psutil
import pytest

from greygate.components.component import Listening, Service, Task
from greygate.errors import NotRunning
from greygate.plan.paths import Paths
from greygate.plan.plan import LOOPBACK, Plan
from greygate.progress import Silent
from greygate.run.foreground import Foreground
from greygate.run.ready import wait_ready
from greygate.run.state import Condition, Line
from some_sites import SITES

pytestmark = pytest.mark.programs

DEADLINE = 15.0
LISTENER = """
import socket, sys, time
listening = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    return replace(SITES["loopback"]()[1], paths=paths)


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as chosen:
        return int(chosen.getsockname()[1])


Run = Callable[..., Foreground]


@pytest.fixture
def run(plan: Plan) -> Iterator[Run]:
    """Starts services, and stops them whatever the test did."""
    begun = []

    def start(*units: Service | Task) -> Foreground:
        runner = Foreground(plan, units)
        begun.append(runner)
        runner.start(Silent())
        return runner

    yield start
    for runner in begun:
        runner.stop(Silent())


def service(port: int, *, begins: str = "") -> Service:
    return Service(
        name="listener",
        description="a test",
        argv=(sys.executable, "-c", f"exec({begins + LISTENER!r})", str(port)),
        proof=(),
        ready=Listening(LOOPBACK[0], (port,)),
        account="nobody",
    )


def ready(runner: Foreground, *services: Service) -> None:
    wait_ready(runner, services, deadline=time.monotonic() + DEADLINE, progress=Silent())


def test_it_starts_and_leaves_nothing(run: Run, plan: Plan, port: int) -> None:
    it = service(port)
    runner = run(it)
    ready(runner, it)
    (state,) = runner.states()
    assert state.condition in (Condition.STARTING, Condition.UP)
    assert state.pid is not None
    assert state.memory is not None
    runner.stop(Silent())
    assert not psutil.pid_exists(state.pid)
    assert not Path(plan.paths.supervisor).exists()
    assert not runner.answers()


def test_nothing_outlives_a_killed_supervisord(run: Run, plan: Plan, port: int) -> None:
    it = service(port)
    runner = run(it)
    ready(runner, it)
    child = psutil.Process(runner.states()[0].pid)
    os.kill(int(Path(plan.paths.supervisor / "pid").read_text()), signal.SIGKILL)
    wait_until(lambda: gone(child))


def test_nothing_outlives_a_killed_up(plan: Plan, port: int) -> None:
    it = service(port)
    watched = Foreground(plan, (it,))
    up = get_context("fork").Process(target=_up, args=(plan, it))
    up.start()
    try:
        wait_until(lambda: watched.answers() and watched.states()[0].pid is not None)
        child = psutil.Process(watched.states()[0].pid)
    finally:
        up.kill()
        up.join()
    wait_until(lambda: gone(child))
    watched.settle()  # after this the next `up` may begin
    assert not watched.answers()


def _up(plan: Plan, it: Service) -> None:
    Foreground(plan, (it,)).start(Silent())
    time.sleep(600)


def test_one_that_dies_is_told_in_its_own_words(run: Run, port: int) -> None:
    dies = service(port, begins="sys = exit('the disk is full')")
    runner = run(dies)
    began = time.monotonic()
    with pytest.raises(NotRunning, match="the disk is full") as told:
        ready(runner, dies)
    assert time.monotonic() - began < DEADLINE / 3  # at once, and not at the deadline
    assert "greygate logs listener" in told.value.hint


def test_logs_are_ours_alone_and_can_be_followed(run: Run, plan: Plan, port: int) -> None:
    it = service(port)
    runner = run(it)
    ready(runner, it)
    wait_until(lambda: Line("listener", "ready") in runner.logs((), lines=5, follow=False))
    for log in Path(plan.paths.logs).iterdir():
        assert log.stat().st_mode & 0o077 == 0, log
    followed = runner.logs(("listener",), lines=5, follow=True)
    assert next(followed) == Line("listener", "ready")
    runner.restart("listener")
    assert next(followed) == Line("listener", "ready")


def test_tasks_are_done_before_and_undone_after(
    run: Run, plan: Plan, port: int, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    task = Task(name="mark", description="", up=(("touch", str(mark)),), down=(("rm", str(mark)),))
    it = replace(service(port, begins=f"open({str(mark)!r})"), after=("mark",))
    runner = run(it, task)
    ready(runner, it)
    runner.stop(Silent())
    assert not mark.exists()


def test_a_second_start_finds_the_first(run: Run, plan: Plan, port: int) -> None:
    it = service(port)
    first = run(it)
    ready(first, it)
    second = Foreground(plan, (it,))
    second.start(Silent())
    assert second.states()[0].pid == first.states()[0].pid


def gone(process: psutil.Process) -> bool:
    """Ended: a zombie of a parent that never looks has ended too."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)
