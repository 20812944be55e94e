"""What keeps the services alive, seen from outside: the same five acts, whoever does the work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from greygate.components.component import Unit
from greygate.plan.footing import Footing
from greygate.progress import Progress
from greygate.run.foreground import Foreground
from greygate.run.state import Line, State
from greygate.run.systemd import Systemd, is_here

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
    """What must be reloaded and what restarted after these units' files have changed."""
    names = [unit.name for unit in units if unit.name in changed]
    return Mending(
        reloaded=tuple(name for name in names if name in RELOADED_WHOLE),
        restarted=tuple(name for name in names if name not in RELOADED_WHOLE),
    )


def take_up(runner: Runner, units: Sequence[Unit], changed: frozenset[str]) -> Mending:
    """Have the running units use what was changed, and no others disturbed."""
    done = mending(units, changed)
    for name in done.reloaded:
        runner.reload(name)
    for name in done.restarted:
        runner.restart(name)
    return done
