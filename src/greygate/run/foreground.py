"""The services under supervisord, where systemd does not keep them: driven through its RPC."""

from __future__ import annotations

import getpass
import logging
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from signal import Signals

import psutil

from greygate.apply import outstanding
from greygate.apply.directories import prepare, prepare_runtime
from greygate.components.component import Service, Task, Unit
from greygate.errors import NotRunning, Trouble
from greygate.machine.files import Owner, replace
from greygate.plan.footing import Footing
from greygate.progress import Progress
from greygate.run import new_worker, tasks
from greygate.run.devices import are_open
from greygate.run.interruption import held_off
from greygate.run.logfiles import changed_at, following, last_lines
from greygate.run.memory import memory_of
from greygate.run.privileges import Identity, identity_of
from greygate.run.ready import wait_ready
from greygate.run.rpc import Process, Supervisor
from greygate.run.state import WORDS, Condition, End, Line, State, services_of, tasks_of
from greygate.run.supervisor import configuration
from greygate.text import _

log = logging.getLogger(__name__)

# Yggdrasil, HAProxy and nft are not on the path of an ordinary user.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOOT = 15.0  # seconds in which supervisord must answer; it takes 0.3
PARTING = 45.0  # seconds that it may take to end, with its children; Synapse has 30
PREPARED = 30.0  # seconds that a task waits for the services it needs

# A log that cannot be written must not end the server: where the disk is full, supervisord (4.3.0)
# dies of its complaint about it, which goes to the same disk.
SUPERVISORD = (
    "from supervisor import loggers, supervisord; "
    "loggers.Handler.handleError = lambda handler: None; "
    "supervisord.main()"
)

CONDITIONS = {
    "STARTING": Condition.STARTING,
    "RUNNING": Condition.UP,
    "STOPPING": Condition.STOPPING,
    "STOPPED": Condition.DOWN,
    "BACKOFF": Condition.FAILED,
    "EXITED": Condition.FAILED,
    "FATAL": Condition.FAILED,
    "UNKNOWN": Condition.FAILED,
}


class Foreground:
    """A Runner: supervisord below us, or one that another `up` has left running."""

    def __init__(self, plan: Footing, units: tuple[Unit, ...], *, detached: bool = False) -> None:
        self._plan = plan
        self._services = services_of(units)
        self._tasks = tasks_of(units)
        self._detached = detached
        self._supervisor = Supervisor(plan.paths.supervisor / "sock")
        self._child: subprocess.Popen[bytes] | None = None

    def answers(self) -> bool:
        return self._supervisor.answers()

    def outdated(self) -> bool:
        """Whether supervisord runs other programs than the plan has now: it cannot learn them."""
        return Path(self._configuration).read_text("utf-8") != self._wanted()

    def settle(self) -> None:
        """Wait for a supervisord that is going down: what it ends must not meet what comes next."""
        if not self.answers():
            self._see_it_end()

    def start(self, progress: Progress) -> None:
        """Start everything; to be called on the main thread, whose end also ends supervisord."""
        if self.answers():
            return
        self.settle()
        self._clear()
        try:
            self._start(progress)
        except BaseException:
            self.stop(progress)
            raise

    def _start(self, progress: Progress) -> None:
        tree = Path(self._plan.paths.rendered)
        due = outstanding.load(tree)
        names = {service.name for service in self._services}
        later = tuple(task for task in self._tasks if names.intersection(task.after))
        for task in self._tasks:
            if task not in later:
                tasks.bring_up(task)
        self._spawn()
        for task in later:
            needed = tuple(service for service in self._services if service.name in task.after)
            wait_ready(self, needed, deadline=time.monotonic() + PREPARED, progress=progress)
            tasks.bring_up(task)
        outstanding.settle(tree, due)

    def stop(self, progress: Progress) -> None:
        """End all of it and take away what is left, also of one that was killed."""
        with held_off():
            self._stop(progress)

    def _stop(self, progress: Progress) -> None:
        if self.answers():
            self._stop_services(progress)
        elif self._child is not None:  # it has not come so far as to be asked
            self._child.terminate()
        self._see_it_end()
        for task in reversed(self._tasks):
            tasks.bring_down(task)
        self._clear()

    def _stop_services(self, progress: Progress) -> None:
        with suppress(NotRunning):  # it may go at any moment, by itself or by another `down`
            for service in reversed(self._services):
                with progress.step(_("stopping {name}").format(name=service.name)):
                    self._supervisor.stop(service.name)
            self._supervisor.shut_down()

    def states(self) -> tuple[State, ...]:
        told = {process.name: process for process in self._supervisor.processes()}
        return tuple(self._state(service, told.get(service.name)) for service in self._services)

    def last_seen(self) -> tuple[State, ...]:
        """Every service as ended, since its last word: all that is known once nobody keeps them."""
        return tuple(
            State(name=it.name, condition=Condition.DOWN, since=changed_at(self._log(it.name)))
            for it in self._services
        )

    def restart(self, name: str) -> None:
        match self._task(name):
            case None:
                self._supervisor.stop(name)
                self._supervisor.start(name)
            case task:
                tasks.bring_down(task)
                tasks.bring_up(task)

    def reload(self, name: str) -> None:
        match self._task(name):
            case None:
                service = next(each for each in self._services if each.name == name)
                assert service.reload is not None, f"{name} knows no reload"
                self._reload(service, service.reload)
            case task:
                tasks.bring_up(task)

    def _reload(self, service: Service, by: Signals) -> None:
        """CannotApply where it goes on as it was."""
        pids = {process.name: process.pid for process in self._supervisor.processes()}
        master = pids.get(service.name, 0)
        before = new_worker.workers_of(master)
        self._supervisor.signal(service.name, by.name.removeprefix("SIG"))
        if not service.new_worker or not master:
            return
        if not new_worker.comes_up(master, before, refused=lambda: False):
            raise new_worker.refusal(service.name, last_lines(self._log(service.name), WORDS))

    def logs(self, names: Sequence[str], *, lines: int, follow: bool) -> Iterator[Line]:
        logs = {name: self._log(name) for name in names or [each.name for each in self._services]}
        # The tails begin before the past is read: what comes between is told twice, never lost.
        coming = following(logs) if follow else iter(())
        for name, path in logs.items():
            yield from (Line(name, text) for text in last_lines(path, lines))
        yield from (Line(name, text) for name, text in coming)

    def _task(self, name: str) -> Task | None:
        return next((task for task in self._tasks if task.name == name), None)

    def _log(self, name: str) -> Path:
        return Path(self._plan.paths.logs / f"{name}.log")

    def _state(self, service: Service, process: Process | None) -> State:
        if process is None:  # it came into the plan after supervisord was started
            return State(name=service.name, condition=Condition.DOWN)
        condition = CONDITIONS[process.statename]
        failed = condition is Condition.FAILED
        over = failed or condition is Condition.DOWN
        return State(
            name=service.name,
            condition=condition,
            pid=process.pid or None,
            since=float(process.stop if over else process.start) or None,
            memory=memory_of(process.pid) if process.pid else None,
            words=self._words(service, process) if failed else (),
            end=_ending(process) if failed else None,
        )

    def _words(self, service: Service, process: Process) -> tuple[str, ...]:
        return last_lines(self._log(service.name), WORDS) or (process.complaint,)

    def _identity(self, service: Service) -> Identity:
        return identity_of(service, devices_open=are_open(service.devices))

    @property
    def _configuration(self) -> PurePosixPath:
        return self._plan.paths.supervisor / "supervisord.conf"

    def _wanted(self) -> str:
        return configuration(self._plan, self._services, self._identity, tasks=self._tasks)

    def _spawn(self) -> None:
        paths, plan = self._plan.paths, self._plan
        owners = {service.name: self._identity(service).account for service in self._services}
        prepare(paths, self._services, accounts=plan.accounts)
        prepare_runtime(self._services, accounts=plan.accounts, owners=owners)
        Path(paths.supervisor).mkdir(mode=0o700, exist_ok=True)
        config = self._configuration
        replace(config, self._wanted().encode(), owner=Owner.ourselves(), mode=0o600)
        argv = (sys.executable, "-c", SUPERVISORD, "-c", str(config))
        tied = () if self._detached else ("setpriv", "--pdeathsig", "TERM")
        with open(paths.logs / "supervisord.out", "wb", opener=_private) as said:
            self._child = subprocess.Popen(
                (*tied, *argv),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(),
                umask=0o077,  # its own setting is for daemons only (4.3.0), and logs tell of people
                start_new_session=True,  # Ctrl-C in the terminal is for us alone
            )
        self._await_answer(self._child)

    def _await_answer(self, child: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + BOOT
        while not self.answers():
            if child.poll() is not None or time.monotonic() > until:
                words = last_lines(Path(self._plan.paths.logs / "supervisord.out"), WORDS)
                raise Trouble(
                    _("cannot start supervisord: {words}").format(words=" / ".join(words)),
                    _("see {path}").format(path=self._plan.paths.logs / "supervisord.out"),
                )
            time.sleep(0.01)
        log.info("Started supervisord (pid %d)", child.pid)

    def _see_it_end(self) -> None:
        """Wait for supervisord's end; one that no longer answers is ended."""
        if self._child is not None:
            _end(self._child.pid)
            self._child.wait()
            self._child = None
        elif (pid := self._pid_left()) is not None:
            _end(pid)

    def _pid_left(self) -> int | None:
        """The supervisord of this deployment by its pid file, if that still is it."""
        try:
            pid = int(Path(self._plan.paths.supervisor / "pid").read_text())
            ours = str(self._configuration)
            return pid if ours in psutil.Process(pid).cmdline() else None
        except (OSError, ValueError, psutil.Error):
            return None

    def _clear(self) -> None:
        """Take away sockets and the like: a killed Synapse leaves one that the next trips over."""
        for path in (
            *(service.runtime for service in self._services if service.runtime is not None),
            *(service.spool for service in self._services if service.spool is not None),
            self._plan.paths.supervisor,
        ):
            shutil.rmtree(path, ignore_errors=True)


def _ending(process: Process) -> End | None:
    """supervisord tells that a signal ended it, and not which."""
    if process.exit_code >= 0:
        return None
    return End(result="signal", status=0, ago=max(0.0, time.time() - process.stop))


def _end(pid: int) -> None:
    """See a process end by itself, made to where it takes long."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for harder in (process.terminate, process.kill):
            until = time.monotonic() + PARTING
            while time.monotonic() < until:
                if process.status() == psutil.STATUS_ZOMBIE:  # its parent may never look
                    return
                time.sleep(0.02)
            harder()


def _environment() -> dict[str, str]:
    """Little of ours: what a service needs is in its Service."""
    return {"PATH": PATH, "LANG": "C.UTF-8", "LOGNAME": getpass.getuser()}


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
