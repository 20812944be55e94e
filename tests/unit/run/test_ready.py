"""Waiting for a service that ended: whom somebody killed before is started again, no other."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from greygate.components.component import Listening, Service
from greygate.errors import NotRunning
from greygate.plan.plan import LOOPBACK
from greygate.progress import Silent
from greygate.run import ready
from greygate.run.state import Condition, End, State

DEADLINE = 15.0


class Keeper:
    """A runner whose service has ended, and listens again from the third look on."""

    def __init__(self, end: End, listening: socket.socket) -> None:
        self._end = end
        self._listening = listening
        self._looks = 0

    def states(self) -> tuple[State, ...]:
        self._looks += 1
        if self._looks == 3:
            self._listening.listen()
            return (State(name="it", condition=Condition.UP),)
        return (State(name="it", condition=Condition.FAILED, end=self._end),)


@pytest.fixture
def bound() -> Iterator[socket.socket]:
    """A socket of 127.0.0.1 at which nobody listens yet."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        yield made


def _wait(end: End, bound: socket.socket) -> None:
    address, port = LOOPBACK[0], bound.getsockname()[1]
    it = _service(Listening(address, (port,)))
    deadline = time.monotonic() + DEADLINE
    ready.wait_ready(Keeper(end, bound), (it,), deadline=deadline, progress=Silent())


def _service(listening: Listening) -> Service:
    return Service(name="it", description="", argv=(), proof=(), ready=listening, account="x")


@pytest.mark.parametrize("result", ["signal", "core-dump", "oom-kill"])
def test_one_that_was_killed_before_is_waited_for(bound: socket.socket, result: str) -> None:
    _wait(End(result=result, status=9, ago=3.0), bound)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(End(result="signal", status=9, ago=0.0), id="killed meanwhile"),
        pytest.param(End(result="exit-code", status=1, ago=3.0), id="gave up by itself"),
    ],
)
def test_any_other_is_told_at_once(bound: socket.socket, end: End) -> None:
    with pytest.raises(NotRunning):
        _wait(end, bound)


def test_one_that_is_not_started_again_is_told(
    bound: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ready, "REVIVAL", 0.0)
    with pytest.raises(NotRunning, match="it was killed"):
        _wait(End(result="signal", status=9, ago=60.0), bound)


def test_a_program_is_ready_with_the_last_of_its_ports(bound: socket.socket) -> None:
    """It opens one after the other."""
    with socket.create_server(("127.0.0.1", 0)) as first:
        last = bound.getsockname()[1]
        listening = Listening(LOOPBACK[0], (first.getsockname()[1], last))
        it = _service(listening)
        killed = Keeper(End(result="signal", status=9, ago=60.0), bound)
        with pytest.raises(NotRunning, match=f"nothing listens at 127.0.0.1 port {last} after"):
            ready.wait_ready(killed, (it,), deadline=time.monotonic(), progress=Silent())
        bound.listen()
        assert ready.is_ready(listening)
