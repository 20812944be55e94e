"""A real ingress on loopback, as rendered, and somebody who speaks to it as an edge does."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath

import some_sites
from behind_the_door import Asked, stand_in
from door import NOTHING, Answer, Door, change, complete, parsed, running, write
from greygate.components.haproxy.config import CONFIG
from greygate.components.haproxy.ingress import HANDSHAKES, LARGE_REQUESTS, SOURCE_REQUESTS
from greygate.plan.edges import EdgeLink
from greygate.plan.paths import Paths
from greygate.plan.plan import Listener
from greygate.site.model import Layout
from ports import free_port

NEAR = IPv6Address("::1")
FAR = "203.0.113.40"  # the remote server, as the edge's PROXY header tells it
NAME = "twinkle.example"
# Where a test holds many connections: a busy machine takes longer to open them all than they last.
PATIENT = {
    "wait-for-body time 10s": "wait-for-body time 60s",
    "timeout http-request 10s": "timeout http-request 60s",
    "timeout client 30s": "timeout client 60s",
}
SIGNATURE = b'X-Matrix origin="remote.example",key="ed25519:a",sig="x"'  # looks like one


class EdgeNear(EdgeLink):
    """An edge whose overlay address is this machine's own."""

    __slots__ = ()

    @property
    def address(self) -> IPv6Address:
        return NEAR


@dataclass(frozen=True, slots=True)
class Ingress:
    """One that runs, and what it let by."""

    door: Door
    asked: Asked

    def plain(self) -> socket.socket:
        """A connection as any machine may make it."""
        return socket.create_connection((str(NEAR), self.door.plan.ingress_port), timeout=10)

    def connect(
        self, *, sni: str = NAME, alpn: str = "http/1.1", source: str = FAR
    ) -> ssl.SSLSocket:
        plain = self.plain()
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.sendall(proxy_header(source))
        context = ssl.create_default_context(cafile=str(self.door.plan.paths.ca))
        context.check_hostname = False
        context.set_alpn_protocols([alpn])
        return context.wrap_socket(plain, server_hostname=sni)

    def send(self, request: bytes, *, sni: str = NAME, source: str = FAR) -> Answer:
        with self.connect(sni=sni, source=source) as connection:
            connection.sendall(request)
            octets = b""
            with contextlib.suppress(ssl.SSLEOFError, ConnectionResetError, TimeoutError):
                while not complete(octets) and (more := connection.recv(1 << 16)):
                    octets += more
            return parsed(octets)

    def ask(
        self,
        target: bytes,
        *extra: bytes,
        method: bytes = b"GET",
        host: bytes = NAME.encode(),
        signature: bytes = SIGNATURE,
        source: str = FAR,
    ) -> Answer:
        lines = (
            *(method + b" " + target + b" HTTP/1.1", b"Host: " + host, b"Connection: close"),
            *((b"Authorization: " + signature,) if signature else ()),
        )
        return self.send(b"\r\n".join((*lines, *extra)) + b"\r\n\r\n", source=source)


@contextmanager
def open_ingress(
    root: Path,
    *,
    layout: Layout = Layout.NONE,
    legacy_media: bool = False,
    near: bool = True,
    hurried: bool = True,
    times: Mapping[str, str] = NOTHING,
) -> Iterator[Ingress]:
    """HAProxy as rendered, on ::1; `near` is whether its edge is this machine.

    `hurried`: as a test asks that has thousands of questions; how many at once stays as it is.
    """
    site, usual = some_sites.federating(layout)
    site = replace(site, legacy_media=legacy_media)
    paths = Paths.below(PurePosixPath(root / "state"), PurePosixPath(root / "run"))
    links = usual.edges if not near else tuple(EdgeNear(it.edge, it.key) for it in usual.edges)
    near_by = replace(usual, paths=paths, addresses=(NEAR,), edges=links)
    listening = tuple(Listener(it.name, free_port()) for it in usual.listeners)
    plan = replace(near_by, listeners=listening, ingress_port=free_port())
    write(site, plan)
    config = Path(paths.rendered / CONFIG)
    change(config, times)
    if hurried:
        lift_rates(config)
    with (
        stand_in(Path(paths.federation_socket)) as asked,
        running(site, plan, root / "log") as door,
    ):
        yield Ingress(door, asked)


def lift_rates(config: Path) -> None:
    """Let one source ask as fast as it can."""
    text = config.read_text()
    for rate in (f"gt {SOURCE_REQUESTS} }}", f"gt {LARGE_REQUESTS} }}", f"ge {HANDSHAKES} }}"):
        assert rate in text
        text = text.replace(rate, f"{rate[:2]} 1000000 }}")
    config.write_text(text)


def proxy_header(source: str = FAR) -> bytes:
    """PROXY protocol, version 2: TCP over the family of `source`."""
    six = ":" in source
    family = socket.AF_INET6 if six else socket.AF_INET
    ends = (source, "2001:db8:10::2" if six else "203.0.113.10")
    body = b"".join(socket.inet_pton(family, it) for it in ends)
    body += (40000).to_bytes(2, "big") + (8448).to_bytes(2, "big")
    kind = b"\x21\x21" if six else b"\x21\x11"
    return b"\r\n\r\n\x00\r\nQUIT\n" + kind + len(body).to_bytes(2, "big") + body
