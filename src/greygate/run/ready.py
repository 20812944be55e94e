"""When a service is ready, and waiting for it: short looks, and no waiting for the dead."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import Protocol

import psutil

from greygate.components.component import Addressed, Answering, Listening, Ready, Service, Unit
from greygate.errors import NotRunning
from greygate.probe import host
from greygate.progress import Progress
from greygate.run.endings import ending
from greygate.run.state import Condition, State, telling
from greygate.site.model import Address
from greygate.text import _, duration, listing

PAUSE = 0.05  # seconds between two looks
PULSE = 0.5  # seconds between two questions to the runner whether all still live
PATIENCE = 2.0  # seconds for one look: a service that is starting may be slow to answer
REVIVAL = 15.0  # seconds in which its runner starts a killed one again, on a busy machine


class Watching(Protocol):
    """As much of a Runner as waiting needs."""

    def states(self) -> tuple[State, ...]: ...


def wait_ready(
    runner: Watching, units: Sequence[Unit], *, deadline: float, progress: Progress
) -> None:
    """Return when all are ready; NotRunning as soon as one dies, and at `deadline` (monotonic).

    One that was killed before we began to wait is waited for.
    """
    began = time.monotonic()
    services = [unit for unit in units if isinstance(unit, Service)]
    pulse = _Pulse(runner, frozenset(unit.name for unit in units))
    for service in services:
        with progress.step(_("waiting for {name}").format(name=service.name)):
            while not is_ready(service.ready):
                pulse.feel()
                if time.monotonic() > deadline:
                    waited = time.monotonic() - began
                    raise _too_slow(service, runner, unmet=_unmet(service.ready), waited=waited)
                time.sleep(PAUSE)


def is_ready(ready: Ready) -> bool:
    """One look."""
    match ready:
        case Listening(address, ports):
            return not _closed(address, ports)
        case Answering(path, target):
            return _answers(str(path), target)
        case Addressed(address):
            return any(
                each.address.partition("%")[0] == str(address)
                for interface in psutil.net_if_addrs().values()
                for each in interface
            )


class _Pulse:
    """Asks the runner from time to time, and raises when one of the named has died."""

    def __init__(self, runner: Watching, names: frozenset[str]) -> None:
        self._runner = runner
        self._names = names
        self._began = time.monotonic()
        self._next = 0.0

    def feel(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + PULSE
        for state in self._runner.states():
            if state.name in self._names and state.condition is Condition.FAILED:
                self._demand_revival(state)

    def _demand_revival(self, state: State) -> None:
        """Whoever was killed before we began to wait is about to be started again."""
        waited, end = time.monotonic() - self._began, state.end
        if end is None or end.result == "exit-code" or waited > min(end.ago, REVIVAL):
            raise died(state)


def died(state: State) -> NotRunning:
    """A service ended by itself: why, or its own words, and where there are more."""
    found = ending(state)
    if found is not None:
        return NotRunning(_("cannot go on: {what}").format(what=found.what), found.cure)
    return NotRunning(
        _("cannot keep {name} running: it ended, saying: {words}").format(
            name=state.name, words=_said(state.words)
        ),
        _("read more: greygate logs {name}").format(name=state.name),
    )


def _unmet(ready: Ready) -> Ready:
    """What of it does not hold yet."""
    match ready:
        case Listening(address, ports):
            return Listening(address, _closed(address, ports) or ports)
    return ready


def _closed(address: Address, ports: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(it for it in ports if not host.listens(address, it))


def _too_slow(service: Service, runner: Watching, *, unmet: Ready, waited: float) -> NotRunning:
    state = next((each for each in runner.states() if each.name == service.name), None)
    return NotRunning(
        _("cannot wait longer for {name}: {missing} after {waited}{words}").format(
            name=service.name,
            missing=_missing(unmet),
            waited=duration(waited),
            words=_("; it said: {words}").format(words=_said(state.words))
            if state is not None and state.words
            else "",
        ),
        _("read what it does: greygate logs {name}").format(name=service.name),
    )


def _missing(ready: Ready) -> str:
    match ready:
        case Listening(address, ports):
            which = listing(ports)
            return _("nothing listens at {address} port {ports}").format(
                address=address, ports=which
            )
        case Answering(path, target):
            return _("no answer to {target} at {socket}").format(target=target, socket=path)
        case Addressed(address):
            return _("this machine does not have {address}").format(address=address)


def _said(words: tuple[str, ...]) -> str:
    return telling(words) or _("nothing")


def _answers(path: str, target: str) -> bool:
    if not os.path.exists(path):  # Synapse makes it last: till then there is nothing to ask
        return False
    # Synapse answers 500 on a unix socket where nobody says for whom the request is.
    import httpx  # slow to import

    try:
        # No TLS on a unix socket: reading the system's authorities would cost 30 ms a look.
        transport = httpx.HTTPTransport(uds=path, verify=False)
        with httpx.Client(transport=transport, timeout=PATIENCE, trust_env=False) as client:
            answer = client.get(f"http://localhost{target}", headers={"X-Forwarded-For": "::1"})
            return answer.status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
