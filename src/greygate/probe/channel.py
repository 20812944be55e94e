"""Frames over a socket: a length of four octets, then so many; bounded in size and in time."""

from __future__ import annotations

import socket
import time

HEAD = 4


class Broken(OSError):
    """The other end closed it in the middle, or said more than was agreed."""


def read(channel: socket.socket, *, largest: int, until: float) -> bytes:
    """The next frame's content; TimeoutError where it is not whole by `until` (monotonic)."""
    length = int.from_bytes(_exactly(channel, HEAD, until))
    if length > largest:
        raise Broken(f"a frame of {length} octets")
    return _exactly(channel, length, until)


def write(channel: socket.socket, content: bytes, *, until: float) -> None:
    channel.settimeout(_left(until))
    channel.sendall(len(content).to_bytes(HEAD) + content)


def _exactly(channel: socket.socket, count: int, until: float) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        channel.settimeout(_left(until))
        part = channel.recv(min(count - len(parts), 65536))
        if not part:
            raise Broken("closed")
        parts += part
    return bytes(parts)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("too slow")
    return left
