"""A real edge before a real ingress, both as rendered, on loopback: known sources and all."""

from __future__ import annotations

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from door import wait_ready
from greygate.components.component import Service
from greygate.components.edge import ALL, HAPROXY_CONFIG
from greygate.plan.edge import EdgePlan, edge_plan
from greygate.plan.paths import Paths
from greygate.plan.token import Tenant, Token
from ingress import NAME, NEAR, Ingress
from our_end import WITH_US
from ports import free_port
from unit.plan.test_token import TOKEN


@dataclass(slots=True)
class PublicEdge:
    """One that runs, asked from any address of this machine."""

    plan: EdgePlan
    process: subprocess.Popen[bytes]

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        to = ("127.0.0.1", self.plan.ports[0])
        return socket.create_connection(to, timeout=10, source_address=(source, 0))

    def ask(
        self,
        target: bytes,
        *fields: bytes,
        source: str,
        method: bytes = b"GET",
        patience: float = 10,
    ) -> int | None:
        """The status; None where the connection was refused or ended, or nothing was said."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        lines = (method + b" " + target + b" HTTP/1.1", b"Host: " + NAME.encode(), *fields)
        with contextlib.suppress(OSError), self.connect(source) as plain:
            plain.settimeout(patience)
            secured = context.wrap_socket(plain, server_hostname=NAME)
            secured.sendall(b"\r\n".join((*lines, b"Connection: close", b"", b"")))
            answer = secured.recv(4096)
            return int(answer.split(b" ")[1]) if answer else None
        return None


@contextmanager
def open_edge(root: Path, ingress: Ingress) -> Iterator[PublicEdge]:
    """An edge of that ingress."""
    tenant = Tenant((NAME,), NEAR, ingress.door.plan.ingress_port)
    token = replace(TOKEN, tenants=(tenant,))
    paths = Paths.below(PurePosixPath(root / "edge"), PurePosixPath(root / "edge-run"))
    plan = replace(edge_plan(token, paths, ports=(free_port(),)), address=NEAR)
    with running_edge(token, plan) as process:
        yield PublicEdge(plan, process)


@contextmanager
def running_edge(token: Token, plan: EdgePlan) -> Iterator[subprocess.Popen[bytes]]:
    """Its HAProxy, from files written anew."""
    (service,) = ALL[2].units(token, plan)
    assert isinstance(service, Service)
    path = Path(plan.paths.rendered / HAPROXY_CONFIG)
    path.parent.mkdir(parents=True, exist_ok=True)
    (file,) = ALL[2].files(token, plan)
    path.write_text(file.text)
    subprocess.run(service.proof, check=True, capture_output=True)
    argv = (*WITH_US, *service.argv)
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_ready(process, service)
        yield process
    finally:
        process.terminate()
        process.wait(10)
