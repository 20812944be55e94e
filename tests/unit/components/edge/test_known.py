"""Room for who is known: a real edge before a real ingress, strangers from the network around."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from door import running
from greygate.components import edge as components
from greygate.components.edge import (
    AT_ONCE,
    AT_ONCE_56,
    NEW_KNOWN,
    NEW_KNOWN_48,
    STRANGERS_NEW,
)
from greygate.components.haproxy.ingress import HANDSHAKES
from ingress import SIGNATURE, Ingress, open_ingress
from lab.waiting import wait_until
from sealed_pair import PublicEdge, open_edge

pytestmark = pytest.mark.programs

VERSION = b"/_matrix/federation/v1/version"
SEND = b"/_matrix/federation/v1/send/1"
KNOWN = "127.30.0.200"
STRANGER = "127.30.0.201"  # next door
FAR_AWAY = "127.31.0.1"


@contextmanager
def sealed(root: Path) -> Iterator[tuple[PublicEdge, Ingress]]:
    with open_ingress(root, hurried=False) as ingress, open_edge(root, ingress) as edge:
        wait_until(lambda: _ask(edge, FAR_AWAY) == 200, within=20, what="it is open")
        yield edge, ingress


def test_a_network_full_of_silence_keeps_nobody_out_who_is_known(tmp_path: Path) -> None:
    """Connections that say nothing, and ones that say hello and nothing more."""
    with sealed(tmp_path) as (edge, _ingress), ExitStack() as held:
        _become_known(edge)
        for number in range(AT_ONCE_56 + 40):
            source = f"127.30.0.{1 + number // 20}"
            with suppress(OSError):
                one = held.enter_context(edge.connect(source))
                if number % 2:
                    one.sendall(b"\x16\x03\x01\x02\x00")
        assert _ask(edge, STRANGER) is None  # else nothing is full, and nothing proved
        for _again in range(3):
            assert _ask(edge, KNOWN) == 200
        assert _ask(edge, FAR_AWAY) == 200


def test_who_is_known_has_no_more_connections_than_before(tmp_path: Path) -> None:
    with sealed(tmp_path) as (edge, _ingress), ExitStack() as held:
        _become_known(edge)

        def is_full() -> bool:
            for _each in range(AT_ONCE + 5):
                with suppress(OSError):
                    held.enter_context(edge.connect(KNOWN))
            return _ask(edge, KNOWN) is None

        wait_until(is_full, within=20, what="it has as many as it may")
        assert _ask(edge, FAR_AWAY) == 200


def test_new_connections_of_known_ones_leave_room_for_others_that_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Home ends what is above its own count of an edge's, whoever it is: one has so many here."""
    monkeypatch.setattr(components, "NEW_KNOWN", fewer := 5)  # as many as a slow machine can ask
    with sealed(tmp_path) as (edge, _ingress):
        _become_known(edge)
        time.sleep(1.5)
        begun = time.monotonic()
        answers = [_ask(edge, KNOWN) for _each in range(50)]
        assert answers.count(200) <= fewer * (time.monotonic() - begun + 1) * 1.1
        assert None in answers
        assert _ask(edge, FAR_AWAY) == 200
    assert NEW_KNOWN < NEW_KNOWN_48 and NEW_KNOWN_48 + STRANGERS_NEW < HANDSHAKES


def test_who_is_known_is_remembered_over_reload_and_restart(tmp_path: Path) -> None:
    with open_ingress(tmp_path, hurried=False) as ingress:
        with open_edge(tmp_path, ingress) as edge:
            _become_known(edge)
            time.sleep(12)  # a process that has just begun teaches nobody
            for process in (ingress.door.process, edge.process):
                process.send_signal(signal.SIGUSR2)
                _demand_known(edge)
        with open_edge(tmp_path, ingress) as edge:  # a process of its own, which knew nobody
            _demand_known(edge)


def test_home_learns_from_its_edge_whom_it_knew(tmp_path: Path) -> None:
    with sealed(tmp_path) as (edge, ingress):
        _become_known(edge)
        door = ingress.door
        time.sleep(6)
        door.process.terminate()
        door.process.wait(10)
        with running(door.site, door.plan, tmp_path / "again") as again:
            assert again.process.pid != door.process.pid
            _demand_known(edge)
            # What only home judges, too.
            wait_until(lambda: _signed(edge, 4_000_001) != 413, within=20, what="home knows it")


def _become_known(edge: PublicEdge) -> None:
    wait_until(lambda: _signed(edge, 0) == 200, within=20, what="its request is answered")
    _demand_known(edge)


def _signed(edge: PublicEdge, length: int) -> int | None:
    fields = (b"Authorization: " + SIGNATURE, b"Content-Length: %d" % length)
    return edge.ask(SEND, *fields, source=KNOWN, method=b"PUT", patience=2)


def _demand_known(edge: PublicEdge) -> None:
    """While its network is full."""
    with ExitStack() as held:

        def stands_out() -> bool:
            for number in range(AT_ONCE_56 + 1):
                with suppress(OSError):
                    held.enter_context(edge.connect(f"127.30.0.{1 + number // 20}"))
            return _ask(edge, STRANGER) is None and _ask(edge, KNOWN) == 200

        wait_until(stands_out, within=30, what="it is known")


def _ask(edge: PublicEdge, source: str) -> int | None:
    return edge.ask(VERSION, source=source)
