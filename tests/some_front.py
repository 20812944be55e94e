"""A directory in front of a Pebble's, for what Pebble has not: renewal advice, profiles, a name in
CAA records, a limit. Orders themselves go to Pebble, but for those that are limited.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
from josepy.json_util import decode_b64jose

from acme_rig.rig import Authority
from greygate.lab import authority

HERE = "127.0.0.1"


@dataclass
class Front:
    """What it says, and what was asked of it."""

    ca: Authority
    directory: str = ""
    identities: tuple[str, ...] = ()
    profiles: dict[str, str] = field(default_factory=dict)
    window: tuple[str, str] | None = None  # RFC 9773: start and end
    limit: dict[str, str] | None = None  # headers of a refusal for too many orders
    retry_after: str = "21600"  # beside the window
    spoiled: dict[str, object] = field(default_factory=dict)  # by path: other bodies than are due
    replaced: bool = False  # what an order is in place of has been replaced already
    asked: list[str] = field(default_factory=list)
    ordered: list[dict[str, Any]] = field(default_factory=list)

    @property
    def base(self) -> str:
        return self.directory.removesuffix("/dir")

    def told(self) -> dict[str, Any]:
        tls = ssl.create_default_context(cafile=str(self.ca.trust))
        found: dict[str, Any] = httpx.get(self.ca.directory, verify=tls).json()
        found["meta"] = {**found.get("meta", {}), "caaIdentities": list(self.identities)}
        found["meta"]["profiles"] = self.profiles
        if self.window is not None:
            found["renewalInfo"] = f"{self.base}/ari"
        if self.limit is not None or "/limited" in self.spoiled:
            found["newOrder"] = f"{self.base}/limited"
        return found

    def refused(self) -> tuple[int, dict[str, Any], dict[str, str]]:
        """The answer to the last order."""
        status, code, detail = 429, "rateLimited", "too many certificates already issued"
        if self.replaced and "replaces" in self.ordered[-1]:
            status, code, detail = 409, "alreadyReplaced", "it has a successor"
        words = {"type": f"urn:ietf:params:acme:error:{code}", "detail": detail}
        return status, words, (self.limit or {}) if status == 429 else {}


@contextmanager
def front(ca: Authority, rig_below: Path, below: Path) -> Iterator[Front]:
    """Trusted by whoever trusts the rig, until the block ends."""
    authority.issue(rig_below / "authority", (HERE,), below / "front")
    made = Front(ca)
    server = ThreadingHTTPServer((HERE, 0), _handler(made))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(below / "front/chain.pem", below / "front/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    made.directory = f"https://{HERE}:{server.server_address[1]}/dir"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _handler(told: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            told.asked.append(self.path)
            if self.path == "/dir":
                self._say(200, told.told(), {})
            else:
                start, end = told.window or ("", "")
                window = {"suggestedWindow": {"start": start, "end": end}}
                body = told.spoiled.get("/ari", window)
                self._say(200, body, {"Retry-After": told.retry_after})

        def do_POST(self) -> None:
            told.asked.append(self.path)
            signed = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            told.ordered.append(json.loads(decode_b64jose(signed["payload"])))
            if self.path in told.spoiled:
                headers = {"Replay-Nonce": "bm9uY2U", "Location": f"{told.base}/order"}
                self._say(200, told.spoiled[self.path], headers)
            else:
                self._say(*told.refused())

        def _say(self, status: int, body: object, headers: dict[str, str]) -> None:
            self.send_response(status)
            problem = "application/json" if status == 200 else "application/problem+json"
            for name, value in {**headers, "Content-Type": problem}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, format: str, *arguments: object) -> None:
            return None

    return Handler
