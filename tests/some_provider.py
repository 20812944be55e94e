"""A DNS provider as its documentation has it, for a library that knows its address by heart.

DigitalOcean's interface (API v2, domain records): JSON over HTTPS, a bearer token, the zone's own
name spelled `@`, SRV in fields of their own. The worker is led here as through a company's proxy,
by HTTPS_PROXY, and trusts the certificate that is shown.
"""

from __future__ import annotations

import json
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

from greygate.lab import authority

HOST = "api.digitalocean.com"
TOKEN = "sesame, open"
FIELDS = ("priority", "port", "weight")  # that SRV must have

Row = dict[str, Any]


@dataclass
class Provider:
    """What it has, and of what temper it is."""

    zone: str
    least_ttl: int = 30
    deaf: bool = False  # takes changes, and makes none
    bars: tuple[int, Row] | None = None  # what it says to whoever asks for the zone
    page: bytes | None = None  # what it answers to everything, in place of JSON
    rows: list[Row] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def of(self, kind: str, name: str = "@") -> list[str]:
        return [it["data"] for it in self.rows if (it["type"], it["name"]) == (kind, name)]

    def answer(self, method: str, path: str, row: Row, token: str) -> tuple[int, Row]:
        """The status and the document for one request."""
        self.asked.append((method, path))
        place = path.partition("?")[0].removeprefix("/v2/domains/").split("/")
        if token != f"Bearer {TOKEN}":
            return 401, {"id": "Unauthorized", "message": "Unable to authenticate you"}
        if place[0] != self.zone:
            return 404, {"id": "not_found", "message": "The resource you requested was not found."}
        match method, place[1:]:
            case "GET", []:
                return self.bars or (200, {"domain": {"name": self.zone}})
            case "GET", ["records"]:
                return 200, {"domain_records": self.rows, "links": {}, "meta": {}}
            case "POST", ["records"]:
                return self._create(row)
            case "DELETE", ["records", number]:
                if not self.deaf:
                    self.rows = [it for it in self.rows if it["id"] != int(number)]
                return 204, {}
            case _:
                return 405, {"message": "no"}

    def _create(self, row: Row) -> tuple[int, Row]:
        if row["type"] == "SRV" and any(row.get(it) is None for it in FIELDS):
            return _refused("Priority can't be blank")
        if row["ttl"] < self.least_ttl:
            return _refused(f"Ttl must be greater than or equal to {self.least_ttl}")
        made = {**row, "id": next(self.numbers), "name": row["name"] or "@"}
        if not self.deaf:
            self.rows.append(made)
        return 201, {"domain_record": made}


def _refused(message: str) -> tuple[int, Row]:
    return 422, {"id": "unprocessable_entity", "message": message}


@contextmanager
def running(made: Provider, below: Path) -> Iterator[Provider]:
    """Whoever this process starts finds the provider here until the block ends."""
    authority.make(below / "authority")
    authority.issue(below / "authority", (HOST,), below / "https")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(below / "https/chain.pem", below / "https/key.pem")

    class Request(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile = self.connection.makefile("rb")
            self.wfile = self.connection.makefile("wb", 0)
            self.close_connection = False

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            token = self.headers.get("Authorization", "")
            row = json.loads(body or b"{}")
            status, document = made.answer(self.command, self.path, row, token)
            octets = b"" if status == 204 else json.dumps(document).encode()
            octets = made.page or octets
            self.send_response(status)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Request)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    led = {
        "HTTPS_PROXY": f"http://127.0.0.1:{server.server_port}",
        "REQUESTS_CA_BUNDLE": str(below / "authority/ca.pem"),
    }
    before = {name: os.environ.get(name) for name in led}
    os.environ.update(led)
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
