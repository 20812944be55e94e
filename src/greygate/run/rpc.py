"""supervisord's remote procedures over its unix socket, with types."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from greygate.errors import NotRunning
from greygate.text import _

ALREADY_STARTED, NOT_RUNNING = 60, 70  # supervisor.xmlrpc.Faults (4.3.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One program as supervisord tells it; `statename` is one of its own words."""

    name: str
    statename: str
    pid: int
    start: int
    stop: int
    complaint: str
    exit_code: int  # of its last run; -1 where a signal ended it


class Supervisor:
    """A supervisord that answers on `socket`; NotRunning where none does."""

    def __init__(self, socket: PurePosixPath) -> None:
        self._socket = socket

    def answers(self) -> bool:
        if not Path(self._socket).exists():
            return False
        try:
            self.pid()
        except NotRunning:
            return False
        return True

    def pid(self) -> int:
        with self._calling() as server:
            return int(server.supervisor.getPID())

    def processes(self) -> tuple[Process, ...]:
        with self._calling() as server:
            return tuple(map(_process, server.supervisor.getAllProcessInfo()))

    def start(self, name: str) -> None:
        """Start it and do not wait; nothing where it runs."""
        with self._calling() as server, _unless(ALREADY_STARTED):
            server.supervisor.startProcess(name, False)

    def stop(self, name: str) -> None:
        """Stop it and wait until it has ended; nothing where it does not run."""
        with self._calling() as server, _unless(NOT_RUNNING):
            server.supervisor.stopProcess(name, True)

    def signal(self, name: str, signal: str) -> None:
        with self._calling() as server, _unless(NOT_RUNNING):
            server.supervisor.signalProcess(name, signal)

    def shut_down(self) -> None:
        with self._calling() as server:
            server.supervisor.shutdown()

    @contextmanager
    def _calling(self) -> Iterator[Any]:
        """One call; a new connection each time, as supervisord may have gone since the last."""
        import http.client  # slow to import, all three, and under systemd nobody is called
        import xmlrpc.client

        from supervisor.xmlrpc import SupervisorTransport  # type: ignore[import-untyped]

        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        try:
            # The address is never used, but ServerProxy wants one.
            yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        except (OSError, http.client.HTTPException) as error:
            raise NotRunning(
                _("cannot reach the supervisor at {socket}: {error}").format(
                    socket=self._socket, error=error
                ),
                _("start the server: greygate up"),
            ) from error
        except xmlrpc.client.Fault as fault:
            raise NotRunning(
                _("cannot have the supervisor do it: {reason}").format(reason=fault.faultString),
                _("see what the services say: greygate logs"),
            ) from fault
        finally:
            transport.close()


@contextmanager
def _unless(harmless: int) -> Iterator[None]:
    from xmlrpc.client import Fault

    try:
        yield
    except Fault as fault:
        if fault.faultCode != harmless:
            raise


def _process(told: Any) -> Process:
    return Process(
        name=str(told["name"]),
        statename=str(told["statename"]),
        pid=int(told["pid"]),
        start=int(told["start"]),
        stop=int(told["stop"]),
        complaint=str(told["spawnerr"]),
        exit_code=int(told["exitstatus"]),
    )
