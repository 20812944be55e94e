"""Synapse's environment: built once, whole or not at all."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path, PurePosixPath

import psutil
import pytest

import greygate
from greygate.engine.lock import Lock, our_lock
from greygate.engine.synapse import COMPLETE, ensure, is_ready, python_of
from greygate.errors import Trouble
from greygate.plan.paths import Paths
from greygate.progress import Silent
from our_end import HEARING
from real_synapse import engine

__all__ = ["engine"]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))


def test_where_it_will_be_is_known_before_it_is_there(paths: Paths) -> None:
    python = python_of(paths)
    assert python.parents[2] == paths.engines
    assert not is_ready(paths)


def test_one_without_its_mark_is_not_used(paths: Paths) -> None:
    python = Path(python_of(paths))
    python.parent.mkdir(parents=True)
    python.touch()
    assert not is_ready(paths)
    (python.parents[1] / COMPLETE).touch()
    assert is_ready(paths)
    assert ensure(paths, Silent()) == PurePosixPath(python)


@pytest.mark.engine
def test_the_services_read_it_and_do_not_write_it(engine: PurePosixPath) -> None:
    for below, _directories, files in os.walk(engine.parents[1]):
        for name in (below, *(os.path.join(below, file) for file in files)):
            mode = os.lstat(name).st_mode
            if not stat.S_ISLNK(mode):
                assert (mode & stat.S_IROTH, mode & stat.S_IWOTH) == (stat.S_IROTH, 0), name


@pytest.mark.engine
def test_it_starts_without_compiling_anything(engine: PurePosixPath) -> None:
    said = subprocess.run(
        (engine, "-I", "-v", "-c", "import synapse.app.homeserver"),
        capture_output=True,
        text=True,
        check=True,
    )
    compiled = [line for line in said.stderr.splitlines() if line.startswith("# wrote")]
    assert not compiled


@pytest.mark.engine
def test_a_package_that_is_not_the_published_one_is_refused(paths: Paths) -> None:
    other = re.sub("sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", our_lock().text)
    with pytest.raises(Trouble, match="is not the file that was published") as met:
        ensure(paths, Silent(), Lock(other))
    assert "nothing of it was used" in met.value.hint
    assert not list(Path(paths.engines).glob("synapse-*"))


@pytest.mark.engine
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("moment", ["pip", "workers"])
def test_a_build_that_is_ended_leaves_nothing_running(
    paths: Paths, ending: signal.Signals, moment: str
) -> None:
    """compileall's workers, once their parent is killed, would go on for ever."""
    code = (
        "import sys; from pathlib import PurePosixPath; from greygate.engine.synapse import ensure;"
        "from greygate.plan.paths import Paths; from greygate.progress import Silent;"
        "ensure(Paths.below(*map(PurePosixPath, sys.argv[1:])), Silent())"
    )
    build = subprocess.Popen(
        (*HEARING, sys.executable, "-c", code, paths.state, paths.runtime),
        env={**os.environ, "PYTHONPATH": str(Path(greygate.__file__).parents[1])},
        stderr=subprocess.DEVNULL,
    )
    reached = _has_pip if moment == "pip" else _has_workers
    try:
        deadline = time.monotonic() + 120
        while not reached(paths):
            assert time.monotonic() < deadline
            time.sleep(0.02)
    finally:
        build.send_signal(ending)
        build.wait(20)
    deadline = time.monotonic() + 5
    while left := _below(paths):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)
    python = ensure(paths, Silent())
    assert subprocess.run((python, "-I", "-m", "pip", "check"), check=False).returncode == 0


def _has_pip(paths: Paths) -> bool:
    return any(Path(paths.engines).glob("synapse-*/lib/*/site-packages/pip"))


def _has_workers(paths: Paths) -> bool:
    return sum("compileall" in it or "multiprocessing" in it for it in _below(paths)) > 2


def _below(paths: Paths) -> list[str]:
    """The command lines that name this state: what a build has started."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            if str(paths.engines) in line:
                found.append(line)
    return found
