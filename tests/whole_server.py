"""A whole server on loopback, as rendered: real Synapse, real HAProxy, the site's own authority."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath

import httpx

from door import running as haproxy_running
from door import write
from greygate.identity.authority import ensure_certificate
from greygate.people import admin
from greygate.people.session import session
from greygate.plan.paths import Paths
from greygate.plan.plan import LOOPBACK, Listener, Plan, plan_for
from greygate.secret import Secret
from greygate.site.model import Node, Site
from ports import free_port
from real_synapse import a_place, prepare, running

NEAR = IPv6Address("::1")  # in the overlay address's place


@dataclass(frozen=True, slots=True)
class WholeServer:
    """One that runs, and how people come to it."""

    site: Site
    plan: Plan

    @property
    def port(self) -> int:
        return self.plan.listeners[0].port

    @property
    def by_address(self) -> str:
        return f"https://[{NEAR}]:{self.port}"

    @property
    def by_name(self) -> str:
        return f"https://{self.site.names.client}:{self.port}"

    def app(self, url: str) -> httpx.Client:
        """An app that was told this URL, on a device where the client name resolves."""
        name = self.site.names.client
        trust = ssl.create_default_context(cafile=str(self.plan.paths.ca))
        here = httpx.URL(url)
        if here.host != name:
            return httpx.Client(base_url=url, verify=trust)
        return httpx.Client(
            base_url=here.copy_with(host=str(NEAR)),
            verify=trust,
            headers={"Host": f"{name}:{self.port}"},
            transport=_Named(name, trust),
        )

    def person(self, localpart: str) -> Secret:
        """A new person's password."""
        with session(self.plan.paths) as server:
            return admin.add(server, localpart).password


class _Named(httpx.HTTPTransport):
    """Connects to the address, and speaks TLS with the name."""

    def __init__(self, name: str, trust: ssl.SSLContext) -> None:
        super().__init__(verify=trust)
        self._name = name

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = self._name
        return super().handle_request(request)


@contextmanager
def whole_server(site: Site, engine: PurePosixPath) -> Iterator[WholeServer]:
    """Both programs, until the block ends."""
    with a_place() as paths:
        plan = _near(site, paths, engine)
        prepare(site, plan)
        write(site, plan)
        for it in (paths.ca, paths.certificate):
            Path(it).unlink()
        ensure_certificate(paths, plan.certificate, accounts=False, now=datetime.now(UTC))
        log = Path(paths.logs / "haproxy.log")
        with running(site, plan), haproxy_running(site, plan, log):
            yield WholeServer(site, plan)


def _near(site: Site, paths: Paths, engine: PurePosixPath) -> Plan:
    loopback = site.overlay.node is Node.LOOPBACK
    plan = plan_for(
        site,
        paths=paths,
        address=None if loopback else NEAR,
        interface=None,
        engine=engine,
        accounts=False,
    )
    assert NEAR in (*plan.addresses, *LOOPBACK)
    ports = tuple(Listener(it.name, free_port()) for it in plan.listeners)
    return replace(plan, listeners=ports)
