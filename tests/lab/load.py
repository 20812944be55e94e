"""Strangers who keep asking, over kept connections and new ones: runs on a host of the lab.

    python3 load.py NAME ADDRESS TARGET

Asks until its input ends, or for five minutes; then tells as JSON how many answers came, what went
wrong, how many kept connections were closed, and how many certificates were seen.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import socket
import ssl
import sys
import threading
import time

PATIENCE = 300.0
# Seconds between two requests of one stranger: an edge lets a source open 20 connections a second.
PAUSES = {True: 0.02, False: 0.2}


class Stranger(threading.Thread):
    """One who asks; `kept` says whether over one connection for as long as it lasts."""

    def __init__(self, name: str, address: str, target: str, *, kept: bool) -> None:
        super().__init__(daemon=True)
        self.place = (name, address, target)
        self.kept = kept
        self.answers = 0
        self.closed = 0
        self.failures: list[str] = []
        self.seen: set[str] = set()
        self.channel: http.client.HTTPSConnection | None = None

    def run(self) -> None:
        ends_at = time.monotonic() + PATIENCE
        while not ENOUGH.is_set() and time.monotonic() < ends_at:
            try:
                self._ask_again_where_it_was_closed()
                self.answers += 1
            except (OSError, http.client.HTTPException) as problem:
                when = f"{time.strftime('%H:%M:%S')} {'kept' if self.kept else 'new'}"
                self.failures.append(f"{when}: {type(problem).__name__}: {problem}")
                self.channel = None
            time.sleep(PAUSES[self.kept])

    def _ask_again_where_it_was_closed(self) -> None:
        """A server may close a kept connection between two requests, and a GET that crosses that
        is asked again on a new one, once, by every client (RFC 9112, 9.3.1)."""
        was_kept = self.channel is not None
        try:
            self._ask()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.channel = None
            if not was_kept:
                raise
            self.closed += 1
            self._ask()

    def _ask(self) -> None:
        channel = self.channel or self._opened()
        channel.request("GET", self.place[2], headers={"Host": self.place[0]})
        answer = channel.getresponse()
        answer.read()
        if answer.status != 200:
            raise http.client.HTTPException(f"status {answer.status}")
        self.channel = channel if self.kept else None

    def _opened(self) -> http.client.HTTPSConnection:
        name, address, _target = self.place
        channel = http.client.HTTPSConnection(name, timeout=10)
        plain = socket.create_connection((address, 443), timeout=10)
        secured = TRUST.wrap_socket(plain, server_hostname=name)
        channel.sock = secured
        served = secured.getpeercert(binary_form=True) or b""
        self.seen.add(hashlib.sha256(served).hexdigest())
        return channel


ENOUGH = threading.Event()
TRUST = ssl.create_default_context()


def main() -> None:
    name, address, target = sys.argv[1:]
    strangers = [Stranger(name, address, target, kept=kept) for kept in (True, False) * 2]
    for each in strangers:
        each.start()
    sys.stdin.read()
    ENOUGH.set()
    for each in strangers:
        each.join(15)
    told = {
        "answers": sum(it.answers for it in strangers),
        "closed": sum(it.closed for it in strangers),
        "failures": [it for each in strangers for it in each.failures],
        "certificates": len(set().union(*(it.seen for it in strangers))),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
