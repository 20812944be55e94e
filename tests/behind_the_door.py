"""A stand-in behind HAProxy: a unix socket that answers everything and keeps what it was sent."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

BODY = b'{"stand_in":true}'
SLOW = b"/_matrix/client/slow"  # answered after a while, as a long-poll is
SLOW_SECONDS = 1.5
BOGUS = b"syt_bogus"  # a token that nobody has
REFUSAL = b'{"errcode":"M_UNKNOWN_TOKEN","error":"Unknown","soft_logout":true}'
WRONG = b"wrong password"  # in a header: the body is not read


@dataclass(slots=True)
class Asked:
    """Every request head that came through, as it came."""

    heads: list[bytes] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    @property
    def target(self) -> bytes:
        return self.heads[-1].split(b" ")[1]

    def header(self, name: str) -> list[bytes]:
        lines = (line.partition(b": ") for line in self.heads[-1].split(b"\r\n")[1:])
        return [value for key, _, value in lines if key.lower() == name.encode().lower()]


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 128  # many may come at once
    asked: Asked
    open: list[socket.socket]

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        self.open.append(connection)
        return connection, address

    def hang_up(self) -> None:
        """Close what HAProxy keeps for later, so that the next stand-in is asked, not this one."""
        for connection in self.open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Echo(socketserver.StreamRequestHandler):
    server: _Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            while head := self._head():
                self.server.asked.sizes.append(self._skip_body(head))
                self.server.asked.heads.append(head)
                if head.split(b" ")[1].startswith(SLOW):
                    time.sleep(SLOW_SECONDS)
                status, body = _answer(head)
                self.wfile.write(status + b"\r\nContent-Length: %d\r\n" % len(body))
                self.wfile.write(b"X-From: stand-in\r\n\r\n" + body)

    def _head(self) -> bytes:
        """All of it; nothing where the connection ended before its end."""
        lines = []
        while (line := self.rfile.readline()) != b"\r\n":
            if not line:
                return b""
            lines.append(line)
        return b"".join(lines)

    def _skip_body(self, head: bytes) -> int:
        """Its octets: as many as the head says, or all chunks (RFC 9112, 7.1)."""
        fields = dict(line.partition(b":")[::2] for line in head.lower().split(b"\r\n")[1:])
        if b"chunked" in fields.get(b"transfer-encoding", b""):
            return sum(iter(self._skip_chunk, 0))
        return self._skip(int(fields.get(b"content-length", b"0")))

    def _skip_chunk(self) -> int:
        length = int(self._read(self.rfile.readline()).partition(b";")[0], 16)
        self._skip(length + 2)
        return length

    def _skip(self, length: int) -> int:
        left = length
        while left:
            left -= len(self._read(self.rfile.read(min(left, 1 << 16))))
        return length

    @staticmethod
    def _read(octets: bytes) -> bytes:
        if not octets:
            raise ConnectionResetError("it ended in the middle of a body")
        return octets


def _answer(head: bytes) -> tuple[bytes, bytes]:
    if BOGUS in head:
        return b"HTTP/1.1 401 Unauthorized", REFUSAL
    if WRONG in head:
        return b"HTTP/1.1 403 Forbidden", b"{}"
    return b"HTTP/1.1 200 OK", BODY


@contextmanager
def stand_in(path: Path) -> Iterator[Asked]:
    """One that listens on `path` until the block ends."""
    with _Server(str(path), _Echo) as server:
        server.asked, server.open = Asked(), []
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server.asked
        finally:
            server.shutdown()
            server.hang_up()
            path.unlink()
