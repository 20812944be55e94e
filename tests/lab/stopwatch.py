"""Somebody who asks now and then over a connection of its own: runs on a host of the lab.

    python3 stopwatch.py ADDRESS NAME SECONDS

Tells as JSON how long each answer took, in milliseconds, and what else came.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time

EVERY = 0.2  # seconds
PATIENCE = 10.0
TARGET = "/_matrix/federation/v1/version"


def main() -> None:
    address, name, seconds = sys.argv[1:]
    took: list[float] = []
    failures: list[str] = []
    ends_at = time.monotonic() + float(seconds)
    while (begun := time.monotonic()) < ends_at:
        try:
            status = _ask(address, name)
        except OSError as problem:
            failures.append(f"{type(problem).__name__}: {problem}")
        else:
            if status == 200:
                took.append(1000 * (time.monotonic() - begun))
            else:
                failures.append(f"status {status}")
        time.sleep(max(0.0, EVERY - (time.monotonic() - begun)))
    sys.stdout.write(json.dumps({"took": took, "failures": failures}))


def _ask(address: str, name: str) -> int:
    with (
        socket.create_connection((address, 8448), timeout=PATIENCE) as plain,
        TLS.wrap_socket(plain, server_hostname=name) as secured,
    ):
        head = f"GET {TARGET} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
        secured.sendall(head.encode())
        answer = secured.recv(4096)
        if not answer.startswith(b"HTTP/"):
            raise ConnectionError("it ended without an answer")
        return int(answer.split(b" ")[1])


TLS = ssl.create_default_context()

if __name__ == "__main__":
    main()
