"""PowerDNS on loopback with one zone, written by its HTTP interface: a provider to lexicon."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

import httpx

from acme_rig.programs import opens, program, wait
from greygate.probe.dns import Resolver
from ports import free_port

HERE = "127.0.0.1"
TOKEN = "open sesame, PowerDNS"
SCHEMA = Path("/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql")
CONFIG = """\
launch=gsqlite3
gsqlite3-database={below}/zones.db
local-address={here}
local-port={dns}
api=yes
api-key={token}
webserver=yes
webserver-address={here}
webserver-port={api}
socket-dir={below}
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
"""


@dataclass(frozen=True, slots=True)
class PowerDns:
    """One that runs."""

    zone: str
    address: str
    dns: int
    api: int

    @property
    def url(self) -> str:
        return f"http://{self.address}:{self.api}"

    @property
    def resolver(self) -> Resolver:
        return Resolver((ip_address(self.address), self.dns))

    def publish(self, name: str, kind: str, *values: str) -> None:
        """Have these records in place of any of that kind."""
        records = [{"content": it, "disabled": False} for it in values]
        rows = {"name": f"{name}.", "type": kind, "ttl": 1, "records": records}
        answer = httpx.patch(
            f"{self.url}/api/v1/servers/localhost/zones/{self.zone}.",
            headers={"X-API-Key": TOKEN},
            json={"rrsets": [{**rows, "changetype": "REPLACE"}]},
        )
        answer.raise_for_status()


@contextmanager
def running(
    zone: str, address: str = HERE, *, port: int | None = None, server: str | None = None
) -> Iterator[PowerDns]:
    """Serves an empty zone until the block ends; `server`: its name, if it is not in the zone."""
    with tempfile.TemporaryDirectory(prefix="gg-pdns-") as name:
        below = Path(name)
        made = PowerDns(zone, address, port or free_port(), free_port())
        with closing(sqlite3.connect(below / "zones.db")) as database:
            database.executescript(SCHEMA.read_text())
        config = CONFIG.format(below=below, here=address, dns=made.dns, api=made.api, token=TOKEN)
        (below / "pdns.conf").write_text(config)
        log = below / "pdns.log"
        with program(("pdns_server", f"--config-dir={below}"), log) as started:
            wait(lambda: opens(address, made.dns, made.api), started, log)
            _create(made, server)
            yield made


def _create(made: PowerDns, server: str | None) -> None:
    own = f"ns.{made.zone}."
    address = {"content": made.address, "disabled": False}
    glue = {"name": own, "type": "A", "ttl": 1, "records": [address]}
    answer = httpx.post(
        f"{made.url}/api/v1/servers/localhost/zones",
        headers={"X-API-Key": TOKEN},
        json={
            "name": f"{made.zone}.",
            "kind": "Native",
            "nameservers": [server or own],
            "rrsets": [] if server else [glue],
        },
    )
    answer.raise_for_status()
