"""The home half started: every service up, the first person made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greygate.apply import files
from greygate.errors import CannotApply, NotRunning, Trouble
from greygate.home import in_force, peers, unfinished
from greygate.home.guard import StillIn, demand_no_lockout
from greygate.home.half import Home
from greygate.home.preparation import Prepared, demand_room
from greygate.machine import ports
from greygate.probe import host
from greygate.probe.answers import NoAnswer
from greygate.progress import Progress
from greygate.run import barrier_words, filters
from greygate.run.foreground import Foreground
from greygate.run.new_worker import OldWorkerGoesOn
from greygate.run.ready import wait_ready
from greygate.run.runner import Runner, runner_here, take_up
from greygate.run.state import Condition
from greygate.run.systemd import Systemd
from greygate.site.model import Node
from greygate.text import _

if TYPE_CHECKING:
    from greygate.home.persons import Welcome

FIRST_START = 180.0  # seconds; a small machine makes Synapse's tables in about thirty


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A home half that serves."""

    home: Home
    runner: Runner
    welcome: Welcome | None  # the first person, at the very first start
    seconds: float  # from the first service's start until all were ready
    ours: bool  # we started the services, and end them
    was_up: bool  # before us; what was changed was taken up


def start(prepared: Prepared, progress: Progress, *, detached: bool, still_in: StillIn) -> Started:
    """Start what does not run, and have what runs take up what was changed."""
    home, began = prepared.home, time.monotonic()
    if runner_here(home.plan, home.units) is None:
        _demand_alone(home)
    demand_no_lockout(home, still_in)
    runner = _current(home, progress)
    was_up = runner is not None and _is_whole(runner)
    ours = runner is None
    if runner is None:
        _demand_ports(home)
        unfinished.clear(home.plan.paths)
        runner = Foreground(home.plan, home.units, detached=detached)
    else:
        _take_up(runner, home)  # first, or what is started just after would be restarted at once
    with _ended_on_failure(runner, progress, ours=ours):
        runner.start(progress)
        _await_all(runner, home, progress)
        _settle_peers(home)
        _tell_barriers(home, progress)
        in_force.keep(home)
        seconds = time.monotonic() - began
        from greygate.home import persons  # slow to import; stopping and logs need none of it

        welcome = persons.first(home)
    return Started(
        home=home,
        runner=runner,
        welcome=welcome,
        seconds=seconds,
        ours=ours,
        was_up=was_up,
    )


def _is_whole(runner: Runner) -> bool:
    """Whether every service is up: after `install`, or a `down`, systemd has units that are not."""
    return all(state.condition is Condition.UP for state in runner.states())


def _await_all(runner: Runner, home: Home, progress: Progress) -> None:
    """Wait until everything serves; that the disk is full is told in place of what follows."""
    try:
        wait_ready(runner, home.units, deadline=time.monotonic() + FIRST_START, progress=progress)
    except NotRunning:
        demand_room(home.place)
        raise


def _current(home: Home, progress: Progress) -> Runner | None:
    """Who keeps the services now; one that keeps others than the plan has is ended."""
    runner = runner_here(home.plan, home.units)
    if isinstance(runner, Foreground) and runner.outdated():
        runner.stop(progress)
        return None
    return runner


def take_up_here(prepared: Prepared, progress: Progress, *, still_in: StillIn) -> bool:
    """Have a server that runs use what was changed; False where none runs."""
    home = prepared.home
    runner = runner_here(home.plan, home.units)
    if runner is None:
        return False
    if isinstance(runner, Systemd) and not runner.wanted():
        runner.write()  # for the next boot, which starts it
        return False
    if isinstance(runner, Foreground) and runner.outdated():
        raise Trouble(
            _("cannot bring it into force as it runs: the services themselves are others now"),
            "greygate down && greygate up",
        )
    demand_no_lockout(home, still_in)
    _take_up(runner, home)
    runner.start(progress)  # what the plan did not have before
    _settle_peers(home)
    in_force.keep(home)
    return True


def see_up(home: Home, progress: Progress) -> None:
    """Wait until all that runs serves; NotRunning, with its own words, where something does not."""
    runner = runner_here(home.plan, home.units)
    if runner is not None:
        _await_all(runner, home, progress)
        _tell_barriers(home, progress)


def _tell_barriers(home: Home, progress: Progress) -> None:
    """What of this machine bars the server from those it is for; it serves all the same."""
    found = filters.at_home(home.site, home.plan)
    for barrier in () if isinstance(found, NoAnswer) else found:
        progress.note(
            _("{cause}; next: {cure}").format(
                cause=barrier_words.cause(barrier),
                cure=barrier_words.cure(barrier, home.plan.interface),
            )
        )


def _settle_peers(home: Home) -> None:
    """Nobody is dialled who is not in the plan, whoever added him meanwhile."""
    if home.site.overlay.node in (Node.MANAGED, Node.SYSTEM):
        peers.remove_unplanned(home.plan, ours=home.site.overlay.node is Node.MANAGED)


def _take_up(runner: Runner, home: Home) -> None:
    peers.take_up(home.plan)
    if isinstance(runner, Systemd):  # its units follow the plan, too
        runner.write()
    try:
        take_up(runner, home.plan, home.units)
    except OldWorkerGoesOn as refused:
        # The rules for what HAProxy would have done are loaded already, and nothing is restarted.
        files.step_back(home.plan, concerned=frozenset({"firewall"}))
        take_up(runner, home.plan, home.units)
        raise CannotApply(
            refused.what,
            _("{hint}; the configuration before is in place again").format(hint=refused.hint),
        ) from refused


@contextmanager
def _ended_on_failure(runner: Runner, progress: Progress, *, ours: bool) -> Iterator[None]:
    """What did not come up is not left half up, unless it was up before us."""
    try:
        yield
    except BaseException:
        if ours:
            runner.stop(progress)
        raise


def _demand_alone(home: Home) -> None:
    """Trouble where another deployment has our interface: its firewall would become ours."""
    managed = home.site.overlay.node is Node.MANAGED
    if managed and home.plan.interface in host.addresses().values():
        raise Trouble(
            _("cannot start: another Greygate on this machine has the interface {name}").format(
                name=home.plan.interface
            ),
            _(
                "stop that one first (greygate down --state ITS-DIRECTORY), or try this one with "
                'node = "loopback" under [overlay]'
            ),
        )


def _demand_ports(home: Home) -> None:
    wanted = [listener.port for listener in home.plan.listeners]
    ports.demand_free(home.plan.addresses, wanted, ports.holders())


def keeper(home: Home) -> Runner:
    """Who keeps the services, or did: what they said last is there after their end."""
    return runner_here(home.plan, home.units) or Foreground(home.plan, home.units)


def stop(home: Home, progress: Progress) -> bool:
    """Stop everything, and take away what a killed one left; False where nothing ran."""
    found = runner_here(home.plan, home.units)
    if found is None and not Path(home.plan.paths.supervisor).exists():
        return False  # nothing is left of ours, and the firewall that is up may be another's
    (found or Foreground(home.plan, home.units)).stop(progress)
    return found is not None
