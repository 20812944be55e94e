"""Work on a host over SSH: programs run there, heard while they run, ended where we are cut short.

The connection is made as the user's own ssh would make it (`ssh_entry.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import asyncssh

from greygate.home.ssh_entry import Access, Entry, entry
from greygate.home.ssh_target import Target
from greygate.home.ssh_trouble import told
from greygate.run import interruption
from greygate.text import visible

END_WITHIN = 10.0  # seconds that a program may take to tidy up when we leave early

Result = TypeVar("Result")
Act = Callable[[asyncssh.SSHClientConnection], Awaitable[Result]]


@dataclass(frozen=True, slots=True)
class Done:
    """A program that ended by itself on the host."""

    status: int
    out: str
    said: tuple[str, ...]  # on stderr, line by line


def over(target: Target, access: Access, act: Act[Result]) -> Result:
    """What the act returns, done over a connection to a host whose key is right."""
    way = entry(target, access)
    while True:
        try:
            with told(target):
                return interruption.awaited(_once(way, act))
        except (asyncssh.HostKeyNotVerifiable, asyncssh.PermissionDenied) as refused:
            way.learn_from(refused)


async def run(
    connection: asyncssh.SSHClientConnection,
    command: str,
    *,
    given: bytes = b"",
    heard: Callable[[str], None] | None = None,
) -> Done:
    """Run a command line to its end with `given` as its input; `heard` is told stderr as it comes.

    Whoever is cut short ends the program there, too.
    """
    try:
        process = await connection.create_process(command, encoding=None)
    except asyncssh.ChannelOpenError as refused:
        if not connection.is_closed():
            raise
        raise asyncssh.ConnectionLost(refused.reason) from refused
    try:
        _sent, out, said = await asyncio.gather(
            _give(process, given), process.stdout.read(), _lines(process, heard)
        )
        await process.wait_closed()
    except BaseException:  # Ctrl-C above all
        await _end(process)
        raise
    if process.returncode is None or process.returncode < 0:
        raise asyncssh.ConnectionLost("it ended without a word")
    return Done(process.returncode, out.decode(errors="replace"), tuple(said))


async def _once(way: Entry, act: Act[Result]) -> Result:
    connection = await way.attempt()
    try:
        return await act(connection)
    finally:
        connection.close()
        with suppress(asyncssh.Error, OSError, TimeoutError):
            await asyncio.wait_for(connection.wait_closed(), END_WITHIN)


async def _give(process: asyncssh.SSHClientProcess[bytes], given: bytes) -> None:
    """A program that ends before it has read everything is no trouble of ours."""
    with suppress(BrokenPipeError, asyncssh.ChannelOpenError):
        process.stdin.write(given)
        await process.stdin.drain()
        process.stdin.write_eof()


async def _lines(
    process: asyncssh.SSHClientProcess[bytes], heard: Callable[[str], None] | None
) -> list[str]:
    said = []
    async for line in process.stderr:
        said.append(visible(line.decode(errors="replace").rstrip()))
        if heard is not None:
            heard(said[-1])
    return said


async def _end(process: asyncssh.SSHClientProcess[bytes]) -> None:
    """Ask it to end and wait a little: it tidies up after itself."""
    with suppress(asyncssh.Error, OSError, TimeoutError):
        process.terminate()
        await asyncio.wait_for(process.wait_closed(), END_WITHIN)
