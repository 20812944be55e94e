"""A real HAProxy as we render it, on loopback, and a client that sends what it is told."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import some_sites
from greygate.components import haproxy
from greygate.components.component import Service
from greygate.components.haproxy.config import CONFIG
from greygate.plan.paths import Paths
from greygate.plan.plan import Listener, Plan
from greygate.run.ready import is_ready
from greygate.site.model import Node, Site
from our_end import WITH_US
from own_certificate import self_signed
from ports import free_port

NOTHING: Mapping[str, str] = MappingProxyType({})
START = 10.0  # seconds; 0.1 measured


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, taken apart as far as a test needs it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def errcode(self) -> object:
        return json.loads(self.body).get("errcode")


@dataclass(frozen=True, slots=True)
class Door:
    """One HAProxy that runs: where, and where its lines go."""

    site: Site
    plan: Plan
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def port(self) -> int:
        return self.plan.listeners[0].port

    @property
    def socket(self) -> Path:
        return Path(self.plan.paths.client_socket)

    def send(self, request: bytes, *, host: str = "127.0.0.1", source: str = "") -> Answer:
        """The first response, and in its body whatever came with it."""
        with self.connect(host=host, source=source) as connection:
            connection.sendall(request)
            octets = b""
            with contextlib.suppress(ssl.SSLEOFError, ConnectionResetError):
                while not complete(octets) and (more := connection.recv(1 << 16)):
                    octets += more
            return parsed(octets)

    def ask(
        self,
        target: bytes,
        *extra: bytes,
        method: bytes = b"GET",
        host: bytes = b"m.twinkle.example",
        source: str = "",
    ) -> Answer:
        lines = (method + b" " + target + b" HTTP/1.1", b"Host: " + host, b"Connection: close")
        return self.send(b"\r\n".join((*lines, *extra)) + b"\r\n\r\n", source=source)

    def connect(
        self, *, host: str = "127.0.0.1", alpn: str = "http/1.1", source: str = ""
    ) -> ssl.SSLSocket:
        """Each address of 127.0.0.0/8 is a source of its own."""
        whence = (source, 0) if source else None
        plain = socket.create_connection((host, self.port), timeout=10, source_address=whence)
        context = ssl.create_default_context(cafile=str(self.plan.paths.ca))
        context.set_alpn_protocols([alpn])
        return context.wrap_socket(plain, server_hostname=self.site.names.client)


@contextmanager
def open_door(
    root: Path, *, federation: bool = False, instead: Mapping[str, str] = NOTHING
) -> Iterator[Door]:
    """HAProxy as rendered for loopback, on free ports; `instead` shortens times in its text."""
    site = some_sites.site(Node.LOOPBACK, federation=federation, firewall=False)
    paths = Paths.below(PurePosixPath(root / "a state"), PurePosixPath(root / "run"))
    usual = some_sites.plan(site, paths=paths, address=None)
    ports = tuple(Listener(it.name, free_port()) for it in usual.listeners)
    plan = replace(usual, listeners=ports, base_url=f"https://m.twinkle.example:{ports[0].port}")
    write(site, plan)
    change(Path(plan.paths.rendered / CONFIG), instead)
    with running(site, plan, root / "haproxy.log") as door:
        yield door


def write(site: Site, plan: Plan) -> None:
    """The rendered files, a certificate, and a place for the backend's socket."""
    for file in haproxy.files(site, plan):
        path = Path(plan.paths.rendered / file.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.text.encode())
    Path(plan.paths.certificate.parent).mkdir(parents=True, exist_ok=True)
    certificate, key = self_signed(plan.certificate)
    Path(plan.paths.ca).write_bytes(certificate)
    Path(plan.paths.certificate).write_bytes(certificate + key)
    paths = plan.paths
    for it in (paths.client_socket.parent, paths.haproxy_admin_socket.parent, paths.haproxy):
        Path(it).mkdir(parents=True, exist_ok=True)


@contextmanager
def running(site: Site, plan: Plan, log: Path) -> Iterator[Door]:
    service = haproxy.units(site, plan)[0]
    assert isinstance(service, Service)
    subprocess.run(service.proof, check=True, capture_output=True)
    with log.open("wb") as lines:
        process = subprocess.Popen((*WITH_US, *service.argv), stdout=lines, stderr=lines)
    try:
        wait_ready(process, service)
        yield Door(site, plan, process, log)
    finally:
        process.terminate()
        process.wait(10)


def change(config: Path, instead: Mapping[str, str]) -> None:
    text = config.read_text()
    for old, new in instead.items():
        assert text.count(old) == 1, f"{old!r} is not in the configuration"
        text = text.replace(old, new)
    config.write_text(text)


def parsed(octets: bytes) -> Answer:
    head, _, body = octets.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answer(int(first.split(" ")[1]), headers, body)


def complete(octets: bytes) -> bool:
    """Whether the response is all there; HAProxy 3.0 reads on for the body of what it refused."""
    if b"\r\n\r\n" not in octets:
        return False
    answer = parsed(octets)
    return len(answer.body) >= int(answer.headers.get("content-length", 0))


def wait_ready(process: subprocess.Popen[bytes], service: Service) -> None:
    """It opens its ports one after the other: until all are."""
    deadline = time.monotonic() + START
    while not is_ready(service.ready):
        assert process.poll() is None, f"{service.name} ended"
        assert time.monotonic() < deadline, f"{service.name} never listened"
        time.sleep(0.02)
