"""Programs in the background: started, waited for, ended with the block or with us."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.rcode

from our_end import WITH_US
from ports import hold

READY_WITHIN = 10.0


@contextmanager
def program(
    argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs for as long as the block, and never longer than we do; what it says is in `log`."""
    with log.open("wb") as said:
        started = subprocess.Popen(
            (*WITH_US, *argv),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
        )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def wait(ready: Callable[[], bool], started: subprocess.Popen[bytes], log: Path) -> None:
    """Return once it is ready; fail with what the program said where it ended, or takes long."""
    ends_at = time.monotonic() + READY_WITHIN
    while not ready():
        ended = started.poll() is not None
        assert not ended and time.monotonic() < ends_at, f"{log.stem}: {log.read_text()}"
        time.sleep(0.01)


def opens(address: str, *ports: int) -> bool:
    """Whether somebody listens at each: a program opens its ports one after the other."""
    return all(_opens(address, it) for it in ports)


def answers(server: str, zone: str) -> bool:
    """Whether that server tells the zone's SOA."""
    try:
        reply = dns.query.udp(dns.message.make_query(zone, "SOA"), server, timeout=0.5)
    except (dns.exception.DNSException, OSError):
        return False
    return reply.rcode() == dns.rcode.NOERROR and bool(reply.answer)


def _opens(address: str, port: int) -> bool:
    with socket.socket() as channel:
        channel.settimeout(1)
        return channel.connect_ex((address, port)) == 0


def own_network() -> str:
    """The first three numbers of addresses on loopback that nobody else has taken."""
    while True:
        found = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
        if not hold(found):
            continue
        with socket.socket() as channel:
            if channel.connect_ex((f"{found}.53", 53)) != 0:
                return found
