"""What keeps the services alive, seen from outside: the same five acts, whoever does the work."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

from greygate.apply import outstanding
from greygate.apply.outstanding import Outstanding
from greygate.components.component import Service, Socket, Task, Unit
from greygate.plan.footing import Footing
from greygate.probe import firewall
from greygate.progress import Progress
from greygate.run.foreground import Foreground
from greygate.run.state import Line, State
from greygate.run.systemd import Systemd, is_here
from greygate.run.units import systemd_name

# A reload takes every one of its files only here: HAProxy's does, Synapse's SIGHUP re-reads no
# more than its log configuration (1.163.2).
RELOADED_WHOLE = frozenset({"haproxy", "firewall"})


class Runner(Protocol):
    """Keeps the units of one plan alive."""

    def start(self, progress: Progress) -> None:
        """Have all units started, not yet ready; nothing where they run."""

    def stop(self, progress: Progress) -> None:
        """Have all units ended, in reverse order, and nothing of them left."""

    def states(self) -> tuple[State, ...]:
        """Every service, in the order in which they start."""

    def restart(self, name: str) -> None:
        """End it and start it; nothing where it is stopped."""

    def reload(self, name: str) -> None:
        """Have it read its files again, in its own way; nothing where it is stopped."""

    def logs(self, names: Sequence[str], *, lines: int, follow: bool) -> Iterator[Line]:
        """The last lines of the named services (none named: all); then, if wished, what comes."""


@dataclass(frozen=True, slots=True)
class Mending:
    """How running units take up what was changed."""

    reloaded: tuple[str, ...]
    restarted: tuple[str, ...]


def runner_here(plan: Footing, units: tuple[Unit, ...]) -> Runner | None:
    """systemd where our units are installed, else the supervisor that answers; else nobody."""
    installed = Systemd(plan, units)
    if is_here() and installed.installed():
        return installed
    foreground = Foreground(plan, units)
    foreground.settle()
    return foreground if foreground.answers() else None


def mending(units: Sequence[Unit], changed: frozenset[str]) -> Mending:
    """What must be reloaded and what restarted after these have changed: files, or units.

    A program has its account, groups and sandbox from the moment in which it is started.
    """
    late = [unit for unit in units if not changed.isdisjoint(_keys(unit))]
    services = [unit for unit in late if isinstance(unit, Service)]
    anew = {unit.name for unit in services if systemd_name(unit) in changed}
    reloaded = [unit.name for unit in late if unit.name in RELOADED_WHOLE - anew]
    return Mending(
        reloaded=tuple(reloaded),
        restarted=tuple(unit.name for unit in late if unit.name not in reloaded),
    )


def take_up(runner: Runner, plan: Footing, units: Sequence[Unit]) -> None:
    """Have the running units use what is outstanding, and no others disturbed."""
    tree = Path(plan.paths.rendered)
    due = outstanding.load(tree)
    done = mending(units, _late(units, due, runner.states()) | undone(plan, units))
    for name in done.reloaded:
        runner.reload(name)
    for name in done.restarted:
        runner.restart(name)
    outstanding.settle(tree, due)


def behind(units: Sequence[Unit], due: Outstanding, states: Iterable[State]) -> frozenset[str]:
    """The units that run with what was in place before; what was begun since has the new.

    What a door leads to reads its files at each connection. A start that lies ahead of the clock
    is no evidence: the clock was set back.
    """
    late = _late(units, due, states)
    return frozenset(unit.name for unit in units if not late.isdisjoint(_keys(unit)))


def _late(units: Sequence[Unit], due: Outstanding, states: Iterable[State]) -> frozenset[str]:
    """For what they are behind, as it is outstanding."""
    now, booted = time.time(), psutil.boot_time()
    since = {state.name: state.began or state.since or 0.0 for state in states}
    return frozenset(
        key
        for unit in units
        for key in _keys(unit)
        if key in due and not due[key] < since.get(unit.name, booted) <= now
    )


def undone(plan: Footing, units: Iterable[Unit]) -> frozenset[str]:
    """The tasks whose work somebody undid; none where we may not look."""
    checked = frozenset(unit.name for unit in units if isinstance(unit, Task) and unit.check)
    answer = firewall.table(plan.paths.firewall) if checked else firewall.Table.INTACT
    lost = (firewall.Table.GONE, firewall.Table.CHANGED)
    return checked if answer in lost else frozenset()


def _keys(unit: Unit) -> tuple[str, ...]:
    """By which names a unit can be outstanding: for its files, and for systemd's."""
    mine = () if isinstance(unit, Socket) else (unit.name,)
    return (*mine, systemd_name(unit))
