"""A host to log in to: asyncssh's own server on loopback, which runs what it is told by sh here."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncssh

LOOPBACK = "127.0.0.1"


@dataclass(slots=True)
class SshHost:
    """One that listens; what it asks for may be changed between two connections."""

    key: asyncssh.SSHKey
    more_keys: list[asyncssh.SSHKey] = field(default_factory=list)
    welcome: list[asyncssh.SSHKey] = field(default_factory=list)  # whose keys it takes
    password: str | None = None
    shell: str = "exec sh -c"  # how it runs a command
    port: int = 0
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    children: list[asyncio.subprocess.Process] = field(default_factory=list)
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def does(self, act: Coroutine[Any, Any, Any]) -> Any:
        """Have it done by the thread that the host runs in."""
        return asyncio.run_coroutine_threadsafe(act, self.loop).result(timeout=10)

    def break_off(self) -> None:
        """Every connection ends in the middle, as a cable that is cut."""
        for connection in self.connections:
            self.loop.call_soon_threadsafe(connection.abort)


class _Door(asyncssh.SSHServer):
    def __init__(self, host: SshHost) -> None:
        self.host = host

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.host.connections.append(conn)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return any(it.convert_to_public() == key for it in self.host.welcome)

    def password_auth_supported(self) -> bool:
        return self.host.password is not None

    def validate_password(self, username: str, password: str) -> bool:
        return password == self.host.password


@contextmanager
def ssh_host(**settings: Any) -> Iterator[SshHost]:
    """A host that listens until the block ends."""
    host = SshHost(key=asyncssh.generate_private_key("ssh-ed25519"), **settings)
    thread = threading.Thread(target=host.loop.run_forever, daemon=True)
    thread.start()
    server = host.does(_listen(host))
    host.port = server.get_port()
    try:
        yield host
    finally:
        host.does(_close(host, server))
        host.loop.call_soon_threadsafe(host.loop.stop)
        thread.join(10)
        host.loop.close()


@contextmanager
def interruptible() -> Iterator[None]:
    """Ctrl-C interrupts, also where the tests run in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


async def _listen(host: SshHost) -> asyncssh.SSHAcceptor:
    return await asyncssh.listen(
        LOOPBACK,
        host.port,
        server_factory=lambda: _Door(host),
        server_host_keys=[*host.more_keys, host.key],
        process_factory=lambda process: _run(host, process),
        encoding=None,
    )


async def _close(host: SshHost, server: asyncssh.SSHAcceptor) -> None:
    """Nothing that it ran goes on."""
    server.close()
    await server.wait_closed()
    for child in host.children:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
    running = asyncio.all_tasks() - {asyncio.current_task()}
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _run(host: SshHost, process: asyncssh.SSHServerProcess[bytes]) -> None:
    """As sshd does it: pipes, a group of its own for signals, and no end with the channel."""
    host.commands.append(process.command or "")
    child = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'{host.shell} "$1"', "sh", process.command or ""),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    host.children.append(child)
    assert child.stdin and child.stdout and child.stderr
    given = asyncio.ensure_future(_give(process, child))
    await asyncio.gather(_pass(child.stdout, process.stdout), _pass(child.stderr, process.stderr))
    status = await child.wait()
    given.cancel()
    process.exit(status if status >= 0 else 128 - status)


async def _give(
    process: asyncssh.SSHServerProcess[bytes], child: asyncio.subprocess.Process
) -> None:
    """Input and signals, as long as the child lives: one may come long after the other's end."""
    assert child.stdin
    while True:
        try:
            octets = await process.stdin.read(65536)
        except asyncssh.SignalReceived:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
            continue
        except asyncssh.Error:
            octets = b""
        with suppress(ConnectionError):
            if octets:
                child.stdin.write(octets)
                await child.stdin.drain()
            else:
                child.stdin.close()
                await asyncio.sleep(0.02)


async def _pass(one: asyncio.StreamReader, other: asyncssh.SSHWriter[bytes]) -> None:
    while octets := await one.read(65536):
        with suppress(OSError, asyncssh.Error):
            other.write(octets)
            await other.drain()
