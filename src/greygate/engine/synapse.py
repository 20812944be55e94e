"""Synapse's environments, side by side below `engines/`: one for each lock and Python.

An environment is built in its own place and holds the mark `complete` from the last moment of
its making on. One without the mark was being built when something ended us: it is built anew,
from the packages that had come until then.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from greygate.engine import pip
from greygate.engine.lock import Lock, our_lock, our_python
from greygate.errors import CannotApply, MissingProgram
from greygate.machine import disk, process_group
from greygate.machine.file_lock import locked
from greygate.machine.files import Owner, directory, replace
from greygate.plan.paths import Paths
from greygate.progress import Progress
from greygate.text import _

ROOM = 400_000_000  # measured: 240 MB installed and compiled, 60 MB of packages kept meanwhile
COMPLETE = "complete"

_CHECK = "import synapse, synapse.app.homeserver; print(synapse.__version__)"


def python_of(paths: Paths, lock: Lock | None = None) -> PurePosixPath:
    """The Python that has Synapse, or will have it once `ensure` has run."""
    return paths.engines / (lock or our_lock()).environment(our_python()) / "bin" / "python"


def is_ready(paths: Paths, lock: Lock | None = None) -> bool:
    return Path(python_of(paths, lock).parents[1] / COMPLETE).is_file()


def ensure(paths: Paths, progress: Progress, lock: Lock | None = None) -> PurePosixPath:
    """The Python that has Synapse; its environment is built where there is none."""
    wanted = lock or our_lock()
    if not is_ready(paths, wanted):
        engines = directory(paths.engines, mode=0o755)
        waiting = _("waiting for another greygate that builds this environment")
        with locked(engines / ".building", progress, waiting=waiting):
            if not is_ready(paths, wanted):
                _build(paths, wanted, progress)
    return python_of(paths, wanted)


def _build(paths: Paths, lock: Lock, progress: Progress) -> None:
    environment = Path(python_of(paths, lock).parents[1])
    shutil.rmtree(environment, ignore_errors=True)  # what a kill left
    disk.demand(disk.room(paths.engines), ROOM, purpose=_("build Synapse's environment"))
    try:
        with _readable_by_all(), disk.told_when_full(environment):
            _fill(environment, lock, progress)
            replace(environment / COMPLETE, b"", owner=Owner.ourselves(), mode=0o644)
    except BaseException:
        shutil.rmtree(environment, ignore_errors=True)  # a full disk has better uses for it
        raise
    shutil.rmtree(environment.parent / "downloads", ignore_errors=True)


def _fill(environment: Path, lock: Lock, progress: Progress) -> None:
    with progress.step(_("preparing an environment for Synapse")):
        _make_environment(environment)
    given = environment / "lock.txt"
    given.write_text(lock.text, "utf-8")
    pip.install(environment, given, progress=progress)
    with progress.step(_("checking Synapse {version}").format(version=lock.synapse)):
        _compile(environment)
        _check(environment, lock)


def _make_environment(environment: Path) -> None:
    """An empty environment on the system's Python: ours may be gone after an upgrade of us."""
    base = getattr(sys, "_base_executable", sys.executable)
    made = process_group.run((base, "-I", "-m", "venv", str(environment)))
    if made.returncode == 0:
        return
    if pip.NO_ROOM.search(made.stdout):
        raise OSError(errno.ENOSPC, made.stdout)
    raise MissingProgram(
        _("cannot make a Python environment: {why}").format(why=_last_line(made.stdout)),
        _("install what makes them: apt install python3-venv"),
    )


def _compile(environment: Path) -> None:
    """Bytecode for everything: services may not write it, and without it each start is slow."""
    python, library = environment / "bin" / "python", environment / "lib"
    process_group.run((str(python), "-I", "-m", "compileall", "-q", "-j", "0", str(library)))


def _check(environment: Path, lock: Lock) -> None:
    seen = process_group.run((str(environment / "bin" / "python"), "-I", "-c", _CHECK))
    if seen.returncode == 0 and _last_line(seen.stdout) == lock.synapse:
        return
    raise CannotApply(
        _("cannot use the new environment: Synapse {version} does not start in it: {why}").format(
            version=lock.synapse, why=_last_line(seen.stdout)
        ),
        _("nothing was switched to it; run the same command again to build it anew"),
    )


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [_("it said nothing")])[-1].strip()


@contextmanager
def _readable_by_all() -> Iterator[None]:
    """The services' accounts read the environment, whatever umask this was started with."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)
