"""Ports for the programs that tests start, and what else one test process alone may have."""

from __future__ import annotations

import random
import socket
from pathlib import Path

FROM, TO = 10_240, 32_767  # below those that Linux takes by itself for whoever dials or binds to 0

_held: list[socket.socket] = []


def free_port() -> int:
    """A port that nobody listens on at any address, and that no other test is given while we run.

    To bind to 0 and let go is not enough: whoever dials meanwhile may get that very port.
    """
    for _ in range(1000):
        port = random.randrange(FROM, TO)
        if hold(str(port)) and _bare(port):
            return port
    raise AssertionError(f"no port from {FROM} to {TO} is free")


def hold(name: str) -> bool:
    """Whether nobody in this network namespace held what is called so; it is ours till we end.

    The name is a socket's without a file, which goes with its process, however that ends.
    """
    held = socket.socket(socket.AF_UNIX)
    try:
        held.bind(f"\0greygate-tests-{name}")
    except OSError:
        held.close()
        return False
    _held.append(held)
    return True


def takes(path: Path) -> bool:
    """Whether somebody listens at that unix socket: its file is there a moment earlier."""
    with socket.socket(socket.AF_UNIX) as channel:
        return channel.connect_ex(str(path)) == 0


def _bare(port: int) -> bool:
    """By binding to all addresses of both families, over TCP and UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET6, kind) as probe:
            probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            try:
                probe.bind(("::", port))
            except OSError:
                return False
    return True
