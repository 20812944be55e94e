"""Sends requests octet by octet from wherever it runs; plain Python, for hosts that have no more.

Reads shots, a JSON object a line, and writes what came of each, in the order in which they end.
It knows nothing of what is right: who sent it reads Synapse's log.
"""

from __future__ import annotations

import json
import queue
import re
import socket
import ssl
import sys
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

LANES = 10  # connections at once; the doors allow one source fifty
KEPT = 3  # of a lane's connections, each to another door
QUIET = 0.3  # seconds without an octet, once there was an answer and more may follow
SHOWN = 2000  # octets of head and body that are told
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY, CONTINUATION = 0, 1, 3, 4, 7, 9
AGED = ("broken", "closed", "reset")
STATUS = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}

Shot = dict[str, Any]


class Pace:
    """So many a second from one source to one door, and no more: doors count, and shut."""

    def __init__(self) -> None:
        self._due: dict[object, float] = {}
        self._lock = threading.Lock()

    def wait(self, whose: object, a_second: float) -> None:
        if not a_second:
            return
        with self._lock:
            due = max(self._due.get(whose, 0.0), time.monotonic())
            self._due[whose] = due + 1 / a_second
        time.sleep(max(0.0, due - time.monotonic()))


@dataclass
class Connection:
    """One that is open, and how many streams of HTTP/2 there were in it."""

    socket: socket.socket
    streams: int = 0

    def close(self) -> None:
        with suppress(OSError):
            self.socket.close()


class Lane:
    """One shot after another; a connection is kept for the next shot that goes the same way."""

    def __init__(self, connections: Pace, requests: Pace) -> None:
        self.connections, self.requests = connections, requests
        self.kept: dict[str, Connection] = {}

    def fire(self, shot: Shot) -> dict[str, Any]:
        kept = self.kept.pop(_way(shot), None) if shot["kept"] else None
        if kept is not None:
            told = self._over(kept, shot)
            if told["end"] not in AGED:  # what was kept may have been closed meanwhile
                return told
        self.connections.wait(_whose(shot), shot["connections"])
        try:
            return self._over(Connection(_connect(shot)), shot)
        except (OSError, ValueError) as problem:
            return {"end": "broken", "why": repr(problem)}

    def _over(self, connection: Connection, shot: Shot) -> dict[str, Any]:
        self.requests.wait(_whose(shot), shot["requests"])
        connection.socket.settimeout(shot["patience"])
        speak = _over_h2 if "fields" in shot else _over_h1
        try:
            told = speak(connection, shot)
        except (OSError, ValueError) as problem:
            told = {"end": "broken", "why": repr(problem)}
        if shot["kept"] and told["end"] == "answered" and not told.get("closing"):
            self.kept[_way(shot)] = connection
            if len(self.kept) > KEPT:
                self.kept.pop(next(iter(self.kept))).close()
        else:
            connection.close()
        return told

    def close(self) -> None:
        for connection in self.kept.values():
            connection.close()


def _over_h1(connection: Connection, shot: Shot) -> dict[str, Any]:
    connection.socket.sendall(b64decode(shot["octets"]))
    octets, more = b"", True
    with suppress(TimeoutError):
        while more and not _is_whole(octets, shot):
            piece = connection.socket.recv(1 << 16)
            more, octets = bool(piece), octets + piece
    if shot["lingers"] and octets:
        octets += _rest(connection.socket)
    return _told(octets, closed=not more)


def _over_h2(connection: Connection, shot: Shot) -> dict[str, Any]:
    if not connection.streams:
        connection.socket.sendall(PREFACE + _frame(SETTINGS, 0, 0, b""))
    stream = 2 * connection.streams + 1
    connection.streams += 1
    body = b64decode(shot["octets"])
    block = b"".join(_field(*map(b64decode, it)) for it in shot["fields"])
    connection.socket.sendall(_frame(HEADERS, 4 | (not body), stream, block))
    if body:
        connection.socket.sendall(_frame(DATA, 1, stream, body))
    return _h2_answer(connection.socket, stream)


def _whose(shot: Shot) -> object:
    return tuple(shot["to"]), shot["source"]


def _way(shot: Shot) -> str:
    names = ("to", "source", "proxy", "tls", "sni", "alpn")
    return repr([*(shot[name] for name in names), "fields" in shot])


def _connect(shot: Shot) -> socket.socket:
    source = (shot["source"], 0) if shot["source"] else None
    plain = socket.create_connection(tuple(shot["to"]), shot["patience"], source)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        plain.sendall(b64decode(shot["proxy"]))
        return _wrapped(plain, shot) if shot["tls"] else plain
    except (OSError, ValueError):
        plain.close()
        raise


def _wrapped(plain: socket.socket, shot: Shot) -> ssl.SSLSocket:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # without authorities, which take 50 ms
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if shot["alpn"]:
        context.set_alpn_protocols(shot["alpn"])
    return context.wrap_socket(plain, server_hostname=shot["sni"])


def _rest(connection: socket.socket) -> bytes:
    """What comes after the first answer; a second answer, where something was smuggled."""
    octets = b""
    connection.settimeout(QUIET)
    with suppress(OSError):
        while piece := connection.recv(1 << 16):
            octets += piece
    return octets


def _is_whole(octets: bytes, shot: Shot) -> bool:
    head, blank, body = octets.partition(b"\r\n\r\n")
    if not blank or head.startswith(b"HTTP/1.1 1"):
        return False
    if shot["bodyless"] or head[9:12] in (b"204", b"304"):
        return True
    if length := re.search(rb"(?i)\ncontent-length: *(\d+)", head):
        return len(body) >= int(length[1])
    return b"chunked" in head.lower() and body.endswith(b"0\r\n\r\n")


def _told(octets: bytes, *, closed: bool) -> dict[str, Any]:
    if not octets:
        return {"end": "closed" if closed else "silent"}
    head, _, body = octets.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/\d\.\d (\d{3})", head)
    return {
        "end": "answered",
        "status": int(status[1]) if status else None,
        "head": head[:SHOWN].decode("latin-1"),
        "body": body[:SHOWN].decode("latin-1"),
        "closing": closed or b"connection: close" in head.lower(),
    }


def _h2_answer(connection: socket.socket, stream: int) -> dict[str, Any]:
    head, body = b"", b""
    while True:
        frame = _read_frame(connection)
        if frame is None:
            return {"end": "closed"}
        kind, flags, whose, payload = frame
        if kind == SETTINGS and not flags & 1:
            connection.sendall(_frame(SETTINGS, 1, 0, b""))
        elif kind == GOAWAY or (kind == RST_STREAM and whose == stream):
            return {"end": "reset"}
        elif whose == stream and kind in (HEADERS, CONTINUATION):
            head += payload
        elif whose == stream and kind == DATA:
            body += payload
        if whose == stream and kind in (HEADERS, DATA) and flags & 1:
            shown = {"head": head[:SHOWN].decode("latin-1"), "body": body[:SHOWN].decode("latin-1")}
            return {"end": "answered", "status": _h2_status(head), **shown}


def _h2_status(block: bytes) -> int | None:
    """HAProxy spells it by the static table, or in plain letters."""
    if block[:1] and block[0] in STATUS:
        return STATUS[block[0]]
    found = re.match(rb"[\x08\x18\x48]\x03(\d{3})", block)
    return int(found[1]) if found else None


def _field(name: bytes, value: bytes) -> bytes:
    """Literal, without indexing and without Huffman (RFC 7541, 6.2.2): any octets go."""
    return b"\x00" + _length(name) + name + _length(value) + value


def _length(text: bytes) -> bytes:
    if len(text) < 127:
        return bytes([len(text)])
    rest, octets = len(text) - 127, b"\x7f"
    while rest >= 128:
        octets, rest = octets + bytes([rest % 128 + 128]), rest // 128
    return octets + bytes([rest])


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    head = len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big")
    return head + payload


def _read_frame(connection: socket.socket) -> tuple[int, int, int, bytes] | None:
    head = _exactly(connection, 9)
    if len(head) < 9:
        return None
    stream = int.from_bytes(head[5:9], "big")
    return head[3], head[4], stream, _exactly(connection, int.from_bytes(head[:3], "big"))


def _exactly(connection: socket.socket, count: int) -> bytes:
    octets = b""
    while len(octets) < count and (more := connection.recv(count - len(octets))):
        octets += more
    return octets


@contextmanager
def _lanes(tell: Any) -> Iterator[queue.Queue[Shot | None]]:
    shots: queue.Queue[Shot | None] = queue.Queue()
    connections, requests = Pace(), Pace()

    def work() -> None:
        lane = Lane(connections, requests)
        while (shot := shots.get()) is not None:
            tell({"id": shot["id"], **lane.fire(shot)})
        lane.close()

    threads = [threading.Thread(target=work) for _ in range(LANES)]
    for thread in threads:
        thread.start()
    yield shots
    for _ in threads:
        shots.put(None)
    for thread in threads:
        thread.join()


def main() -> None:
    lock = threading.Lock()

    def tell(told: dict[str, Any]) -> None:
        with lock:
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()

    with _lanes(tell) as shots:
        for line in sys.stdin:
            shots.put(json.loads(line))


if __name__ == "__main__":
    main()
