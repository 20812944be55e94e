"""As much HTTP/2 as it takes to send one request with any octets in it (RFC 9113, RFC 7541)."""

from __future__ import annotations

import ssl

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, GOAWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS, ACK = 1, 4, 1
STATUS = {0x88: 200, 0x89: 204, 0x8C: 400, 0x8D: 404}  # RFC 7541, appendix A


def ask(
    connection: ssl.SSLSocket,
    fields: dict[bytes, bytes],
    *,
    ends: bool = True,
    body: bytes = b"",
    parts: int = 1,
) -> tuple[int | None, bytes]:
    """Status and body; the status is None where the stream or the connection was refused.

    `ends`: that the request ends; without it more of its body is awaited, and never comes. `body`:
    what it brings, so many times as there are `parts`.
    """
    block = b"".join(_field(name, value) for name, value in fields.items())
    connection.sendall(PREFACE + _frame(SETTINGS, 0, 0, b""))
    at_once = ends and not body
    connection.sendall(_frame(HEADERS, END_STREAM * at_once | END_HEADERS, 1, block))
    for part in range(parts if body else 0):
        connection.sendall(_frame(DATA, END_STREAM * (ends and part == parts - 1), 1, body))
    status, answer = None, b""
    while frame := _read(connection):
        kind, flags, payload = frame
        if kind == SETTINGS and not flags & ACK:
            connection.sendall(_frame(SETTINGS, ACK, 0, b""))
        elif kind == HEADERS:
            status = _status(payload)
        elif kind == DATA:
            answer += payload
        if kind in (RST_STREAM, GOAWAY) or (kind in (HEADERS, DATA) and flags & END_STREAM):
            break
    return status, answer


def hold(
    connection: ssl.SSLSocket, fields: dict[bytes, bytes], *, streams: int, body: bytes = b""
) -> None:
    """Begin so many requests, and end the body of none."""
    block = b"".join(_field(name, value) for name, value in fields.items())
    connection.sendall(PREFACE + _frame(SETTINGS, 0, 0, b""))
    for number in range(streams):
        connection.sendall(_frame(HEADERS, END_HEADERS, 2 * number + 1, block))
        if body:
            connection.sendall(_frame(DATA, 0, 2 * number + 1, body))


def _status(block: bytes) -> int:
    """What a header block begins with: the status, whole or as its digits."""
    return int(block[2:5]) if block[:2] == b"\x48\x03" else STATUS[block[0]]


def _field(name: bytes, value: bytes) -> bytes:
    """Literal header field without indexing, no Huffman; all of it shorter than 127 octets."""
    return b"\x00" + bytes([len(name)]) + name + bytes([len(value)]) + value


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return (
        len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
    )


def _read(connection: ssl.SSLSocket) -> tuple[int, int, bytes] | None:
    head = _exactly(connection, 9)
    if len(head) < 9:
        return None
    return head[3], head[4], _exactly(connection, int.from_bytes(head[:3], "big"))


def _exactly(connection: ssl.SSLSocket, count: int) -> bytes:
    octets = b""
    while len(octets) < count and (more := connection.recv(count - len(octets))):
        octets += more
    return octets
