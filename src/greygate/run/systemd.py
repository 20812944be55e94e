"""The services under systemd: written as units, started at boot, followed in the journal."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath

from greygate.apply import outstanding
from greygate.components.component import Socket, Unit
from greygate.errors import MissingProgram, Trouble
from greygate.machine import memory
from greygate.machine.files import Owner, directory, replace
from greygate.plan.footing import Footing
from greygate.progress import Progress
from greygate.run import new_worker, unit_drift
from greygate.run.limits import same_but_for_limits
from greygate.run.memory import memory_of
from greygate.run.seen import Remark
from greygate.run.shown import PROPERTIES, Shown, shown
from greygate.run.state import (
    WORDS,
    Condition,
    End,
    Line,
    State,
    in_order,
    services_of,
    tasks_of,
)
from greygate.run.unit_text import TARGET
from greygate.run.units import (
    DROP_IN,
    OURS,
    systemd_name,
    unit_files,
    unit_name,
)
from greygate.text import _

HERE = Path("/run/systemd/system")  # as sd_booted(3) tells
UNITS = Path("/etc/systemd/system")
UNIT_FAILED = "d9b373ed55a64feb8242e02dbe79a49c"  # sd-messages.h, SD_MESSAGE_UNIT_FAILURE_RESULT
KILLED = ("signal", "core-dump", "oom-kill")  # systemd.service(5), $SERVICE_RESULT
RECENT = 3600  # seconds for which it is told that a service was killed
# So newer masters tell systemd, as their source has it; 2.6 says nothing, and is seen to have no
# new worker.
RELOAD_FAILED = "Reload failed!"
PATIENCE = 120.0  # seconds for systemctl; stopping Synapse may take 30


def is_here() -> bool:
    """Whether systemd runs this machine."""
    return HERE.is_dir()


def keeps(state: PurePath) -> bool:
    """Whether our units are there, and of the deployment with that state."""
    return _is_of(UNITS, state)


def _is_of(directory: Path, state: PurePath) -> bool:
    try:
        target = (directory / TARGET).read_text("utf-8")
    except FileNotFoundError:
        return False
    return f"{OURS}={state}" in target.splitlines()


class Systemd:
    """A Runner: units in `directory`, driven through systemctl."""

    def __init__(self, plan: Footing, units: tuple[Unit, ...], *, directory: Path = UNITS) -> None:
        self._plan = plan
        self._units = units
        self._services = services_of(units)
        self._directory = directory

    def installed(self) -> bool:
        """Whether our units are there, and of this deployment and no other on the machine."""
        return _is_of(self._directory, self._plan.paths.state)

    def others(self) -> bool:
        """Whether units of ours are there that are another deployment's."""
        return (self._directory / TARGET).exists() and not self.installed()

    def write(self) -> None:
        """Have exactly the plan's units in place and enabled.

        Those that changed are outstanding until they are taken up.
        """
        self._refuse_other()
        wanted = unit_files(self._plan, self._units, memory=memory.installed())
        before = {self._name(path): path.read_text("utf-8") for path in self._there()}
        gone = before.keys() - wanted.keys()
        for name in gone:
            self._disable(name)
            self._unlink(name)
        changed = {name for name, text in wanted.items() if before.get(name) != text}
        restarted = {it for it in changed if not _live(before.get(it), wanted[it])}
        outstanding.add(Path(self._plan.paths.rendered), restarted)
        for name in changed:
            _write(self._directory / name, wanted[name])
        if changed or gone:
            self._systemctl("daemon-reload")
        self._systemctl("enable", *(name for name in wanted if "[Install]" in wanted[name]))

    def drift(self) -> tuple[Remark, ...]:
        """What of our units is not as `write` left it."""
        expected = unit_files(self._plan, self._units, memory=memory.installed())
        files = {self._name(it): it.read_text("utf-8", "replace") for it in self._there()}
        properties = f"--property={','.join(unit_drift.PROPERTIES)}"
        output = self._systemctl("show", properties, *filter(_is_one, expected))
        return tuple(unit_drift.drift(expected, files, unit_drift.parse_properties(output)))

    def remove(self) -> None:
        """Stop and forget the units; what they kept stays."""
        self._refuse_other()
        names = [self._name(path) for path in self._there()]
        self._disable(*names)
        for name in names:
            self._unlink(name)
        self._systemctl("daemon-reload")
        with suppress(Trouble):  # it complains of those that never failed
            self._systemctl("reset-failed", *filter(_is_one, names))

    def start(self, progress: Progress) -> None:
        with progress.step(_("starting the services")):
            self._end_retries()
            names = list(map(systemd_name, self._units))
            # Not waiting: whether they come up is seen by looking at them.
            timers = (it.name for it in self._there() if it.suffix in (".timer", ".path"))
            self._systemctl("start", "--no-block", TARGET, *timers, *names)
            doors = [systemd_name(it) for it in self._units if isinstance(it, Socket)]
            if doors:  # these are up at once, or not at all: another program may have the port
                self._systemctl("start", *doors)

    def _end_retries(self) -> None:
        """Have nothing wait for its next attempt, which a start would wait for, too.

        It failed with what was in place before, and is seen as failed until then. What was killed
        comes back by itself, and after a start of ours systemd would not tell that it was.
        """
        resident = [it.name for it in self._services]
        failed = (it for it in self.states() if it.condition is Condition.FAILED)
        ended = (it.name for it in failed if it.end is None or it.end.result not in KILLED)
        if waiting := [unit_name(name) for name in ended if name in resident]:
            self._systemctl("stop", *waiting)
            with suppress(Trouble):  # it complains of those that never failed
                self._systemctl("reset-failed", *waiting)

    def stop(self, progress: Progress) -> None:
        for unit in reversed(in_order(self._units)):
            with progress.step(_("stopping {name}").format(name=unit.name)):
                self._systemctl("stop", systemd_name(unit))
        self._systemctl("stop", TARGET)

    def wanted(self) -> bool:
        """Whether somebody has it run: after a `down` the units are there, and all are stopped."""
        return "ActiveState=active" in self._systemctl("show", "--property=ActiveState", TARGET)

    def states(self) -> tuple[State, ...]:
        """The services; a task is among them where it failed, as others wait for it."""
        resident = [it.name for it in self._services]
        names = [*(it.name for it in tasks_of(self._units)), *resident]
        told = self._systemctl(
            *("show", "--timestamp=us+utc", f"--property={','.join(PROPERTIES)}"),
            *map(unit_name, names),
        )
        by_unit = {each.unit: each for each in shown(told)}
        return tuple(
            self._state(name, by_unit[unit_name(name)])
            for name in names
            if name in resident or by_unit[unit_name(name)].condition is Condition.FAILED
        )

    def restart(self, name: str) -> None:
        self._systemctl("try-restart", self._named(name))

    def reload(self, name: str) -> None:
        """CannotApply where it goes on as it was."""
        unit, words = self._named(name), ("try-reload-or-restart", self._named(name))
        if name not in (it.name for it in self._services if it.new_worker):
            self._systemctl(*words)
            return
        master = int(self._shown(unit, "MainPID"))
        before = new_worker.workers_of(master)
        self._systemctl(*words)

        def refused() -> bool:
            return self._shown(unit, "StatusText") == RELOAD_FAILED

        same = master != 0 and int(self._shown(unit, "MainPID")) == master
        if same and not new_worker.comes_up(master, before, refused=refused):
            raise new_worker.refusal(name, self._words(name, self._shown(unit, "InvocationID")))

    def _shown(self, unit: str, name: str) -> str:
        return self._systemctl("show", "--property", name, "--value", unit).strip()

    def logs(self, names: Sequence[str], *, lines: int, follow: bool) -> Iterator[Line]:
        chosen = names or [service.name for service in self._services]
        by_unit = {unit_name(name): name for name in chosen}
        command = ["journalctl", "--output=json", f"--lines={lines}"]
        command += [f"--unit={unit}" for unit in by_unit]
        command += ["--follow"] if follow else []
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as journal:
            assert journal.stdout is not None, "it was asked for"
            try:
                for entry in journal.stdout:
                    yield from _line(json.loads(entry), by_unit)
            finally:
                journal.terminate()

    def _state(self, name: str, seen: Shown) -> State:
        failed = seen.condition is Condition.FAILED
        return State(
            name=name,
            condition=seen.condition,
            pid=seen.pid,
            since=seen.since,
            began=seen.began,
            memory=memory_of(seen.pid) if seen.pid else None,
            words=self._words(name, seen.invocation) if failed else (),
            end=_end(seen) if failed else self._former_end(name, seen),
            overrides=seen.overrides,
        )

    def _former_end(self, name: str, seen: Shown) -> End | None:
        """Of a run before this one, a short while ago: systemd forgets it, the journal does not."""
        if not seen.restarts:
            return None
        match = (f"UNIT={unit_name(name)}", f"MESSAGE_ID={UNIT_FAILED}", f"--since=-{RECENT}s")
        told = _run(["journalctl", "--output=json", "--lines=1", "--quiet", *match])
        for entry in map(json.loads, told.splitlines()):
            ago = time.time() - int(entry["__REALTIME_TIMESTAMP"]) / 1e6
            return End(result=str(entry.get("UNIT_RESULT", "")), status=0, ago=max(0.0, ago))
        return None

    def _words(self, name: str, invocation: str) -> tuple[str, ...]:
        """The last lines of the run that ended, and of none before it."""
        match = [f"_SYSTEMD_INVOCATION_ID={invocation}"] if invocation else []
        command = ["journalctl", "--output=cat", f"--lines={WORDS}", "--quiet"]
        return tuple(_run([*command, f"--unit={unit_name(name)}", *match]).splitlines())

    def _there(self) -> list[Path]:
        """Our unit files on this machine, of this plan or of an earlier one."""
        beside = ("greygate-*.timer", "greygate-*.path", "greygate-*.socket", f"*/{DROP_IN}")
        patterns = (TARGET, *beside, unit_name("*"))
        return sorted(path for pattern in patterns for path in self._directory.glob(pattern))

    def _name(self, path: Path) -> str:
        return str(path.relative_to(self._directory))

    def _unlink(self, name: str) -> None:
        path = self._directory / name
        path.unlink(missing_ok=True)
        if _is_drop_in(name):
            with suppress(OSError):  # others have theirs there, too
                path.parent.rmdir()

    def _named(self, name: str) -> str:
        return next(systemd_name(unit) for unit in self._units if unit.name == name)

    def _disable(self, *names: str) -> None:
        """Stop them for good; a template is nothing that could be stopped."""
        if ones := tuple(filter(_is_one, names)):
            self._systemctl("disable", "--now", *ones)

    def _refuse_other(self) -> None:
        if self._there() and not self.installed():
            raise Trouble(
                _("cannot install here: {directory} has the units of another Greygate").format(
                    directory=self._directory
                ),
                _("uninstall that one first: greygate uninstall --state ITS-DIRECTORY"),
            )

    def _systemctl(self, *words: str) -> str:
        return _run(["systemctl", "--no-pager", "--no-ask-password", *words])


def _end(seen: Shown) -> End:
    ago = max(0.0, time.time() - (seen.ended or seen.since or time.time()))
    return End(result=seen.result, status=seen.status, ago=ago)


def _live(before: str | None, after: str) -> bool:
    """Whether a running unit takes it up as soon as systemd has read it."""
    return before is not None and same_but_for_limits(before, after)


def _is_one(name: str) -> bool:
    return "@." not in name and not _is_drop_in(name)


def _is_drop_in(name: str) -> bool:
    return name.endswith(f".d/{DROP_IN}")


def _write(path: Path, text: str) -> None:
    if _is_drop_in(str(path)):
        directory(path.parent, mode=0o755)
    replace(path, text.encode(), owner=Owner.ourselves(), mode=0o644)


def _line(entry: Mapping[str, object], by_unit: Mapping[str, str]) -> Iterator[Line]:
    """A journal entry of the service itself; what systemd says of it carries another field."""
    name = by_unit.get(str(entry.get("_SYSTEMD_UNIT")))
    message = entry.get("MESSAGE")
    if isinstance(message, list):  # octets that are no UTF-8 come as numbers
        message = bytes(message).decode(errors="replace")
    if name is not None and message is not None:
        yield Line(name, str(message))


def _run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE,
            check=False,
        )
    except FileNotFoundError as absent:
        raise MissingProgram(
            _("cannot run {program}: it is not on this machine").format(program=command[0]),
            _("without systemd, run `greygate up` in the foreground"),
        ) from absent
    except subprocess.TimeoutExpired as slow:
        raise _refused(command, _("no end after {s:.0f} s").format(s=PATIENCE)) from slow
    if done.returncode != 0:
        raise _refused(command, done.stderr.strip().replace("\n", " / "))
    return done.stdout


def _refused(command: list[str], why: str) -> Trouble:
    return Trouble(
        _("cannot have systemd do it: {why}").format(why=why),
        _("run it by hand to see more: {command}").format(command=" ".join(command)),
    )
