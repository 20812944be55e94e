"""A real Synapse for tests: our own rendering, on unix sockets in a directory of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import httpx
import pytest

import needs
from greygate.components import synapse
from greygate.components.component import Service
from greygate.engine.synapse import ensure
from greygate.identity.keys import claim, ensure_keys
from greygate.machine.files import directory
from greygate.plan.paths import Paths
from greygate.plan.plan import Plan, plan_for
from greygate.progress import Silent
from greygate.site.model import Layout, Names, Node, Overlay, Site, Support
from greygate.spec.server_name import ServerName
from our_end import WITH_US

NAME = "home.example"
SLOWEST_START = 60.0  # seconds; 2 to 5 measured, more where everything else is tested meanwhile


@dataclass(frozen=True, slots=True)
class RealSynapse:
    """One that runs: where, and by which plan."""

    paths: Paths
    plan: Plan

    def client(self) -> httpx.Client:
        """Somebody's app, as HAProxy would pass it on."""
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.paths.client_socket)),
            base_url="http://localhost",
            headers={"X-Forwarded-For": "200::99", "X-Forwarded-Proto": "https"},
            timeout=30,
        )

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture(scope="session")
def engine() -> PurePosixPath:
    """Synapse's environment: built once for all test runs of this user."""
    return ensure(needs.engines(), Silent())


@pytest.fixture(scope="session")
def real_synapse(engine: PurePosixPath) -> Iterator[RealSynapse]:
    site = standalone_site()
    with a_place() as paths:
        plan = plan_for(
            site, paths=paths, address=None, interface=None, engine=engine, accounts=False
        )
        prepare(site, plan)
        with running(site, plan):
            yield RealSynapse(paths, plan)


@contextmanager
def a_place() -> Iterator[Paths]:
    """A directory for one Synapse, gone with it."""
    below = Path(tempfile.mkdtemp(prefix="greygate-"))  # short: a socket's path has 107 octets
    try:
        yield Paths.below(PurePosixPath(below / "state"), PurePosixPath(below / "run"))
    finally:
        shutil.rmtree(below)


def standalone_site() -> Site:
    overlay = Overlay(
        node=Node.LOOPBACK, address=None, peers=(), listen=(), allow=(), firewall=False
    )
    return Site(
        server_name=ServerName.parse(NAME),
        federation=False,
        trial=False,
        names=Names(client=f"m.{NAME}", layout=Layout.NONE),
        overlay=overlay,
        first_person="admin",
        support=Support(matrix_id=f"@admin:{NAME}", email=None, page=None),
    )


def prepare(site: Site, plan: Plan) -> None:
    """Everything that Synapse reads, as the first start would leave it."""
    paths = plan.paths
    claim(paths, str(site.server_name))
    ensure_keys(paths, accounts=False)
    for path in (
        paths.synapse / synapse.MEDIA,
        paths.client_socket.parent,
        paths.logs,
        paths.spool,
        paths.synapse_settings,
    ):
        directory(path, mode=0o755)
    for file in synapse.files(site, plan):
        place = Path(directory((paths.rendered / file.path).parent, mode=0o755), file.path.name)
        place.write_text(file.text, "utf-8")


@contextmanager
def running(site: Site, plan: Plan) -> Iterator[None]:
    """Synapse as its unit starts it, until the block ends."""
    paths = plan.paths
    (service,) = synapse.units(site, plan)
    assert isinstance(service, Service)
    said = Path(paths.logs / "synapse.log")
    with (
        said.open("wb") as log,
        subprocess.Popen(
            (*WITH_US, *service.argv),
            cwd=paths.synapse,
            env={**os.environ, **dict(service.environment)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            _wait_for_health(paths, process, said)
            yield
        finally:
            process.terminate()
            try:
                process.wait(service.stop_after)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_for_health(paths: Paths, process: subprocess.Popen[bytes], said: Path) -> None:
    transport = httpx.HTTPTransport(uds=str(paths.client_socket))
    deadline = time.monotonic() + SLOWEST_START
    with httpx.Client(transport=transport, base_url="http://localhost") as client:
        while True:
            try:
                if client.get("/health", headers={"X-Forwarded-For": "::1"}).is_success:
                    return
            except httpx.TransportError:
                pass
            assert process.poll() is None, said.read_text("utf-8", errors="replace")[-3000:]
            assert time.monotonic() < deadline, "Synapse did not start in time"
            time.sleep(0.1)
