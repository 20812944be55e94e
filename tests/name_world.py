"""Worlds of tables, for server discovery: what is not in a table is not there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address

from greygate.probe.discovery import Discovery, Inquiry
from greygate.spec.delegation import Fetched, Unfetched, WellKnownAnswer
from greygate.spec.dialects import SPECIFICATION, Dialect
from greygate.spec.dns import (
    Absence,
    Absent,
    AddressAnswer,
    Addresses,
    Service,
    Services,
    SrvAnswer,
    bare,
)
from greygate.spec.server_name import ServerName

NOWHERE = Absent(Absence.NO_NAME)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameWorld:
    """Documents by host, SRV records and addresses by name, all in small letters."""

    documents: Mapping[str, WellKnownAnswer] = field(default_factory=dict)
    services_: Mapping[str, SrvAnswer] = field(default_factory=dict)
    addresses_: Mapping[str, AddressAnswer] = field(default_factory=dict)

    def well_known(self, host: str) -> WellKnownAnswer:
        return self.documents.get(bare(host), Unfetched("no such host"))

    def services(self, name: str) -> SrvAnswer:
        return self.services_.get(bare(name), NOWHERE)

    def addresses(self, host: str) -> AddressAnswer:
        return self.addresses_.get(bare(host), NOWHERE)


def resolved(
    name: str, world: NameWorld, *, dialect: Dialect = SPECIFICATION, seconds: float = 0.0
) -> Discovery:
    """What the dialect makes of a name in a world where each look takes so long."""
    ticks = iter(range(1000))
    inquiry = Inquiry(world, clock=lambda: next(ticks) * seconds)
    return inquiry.discover(ServerName.parse(name), dialect)


def document(text: str) -> Fetched:
    """A well-known document that delegates to `text`."""
    return Fetched(status=200, body=f'{{"m.server": "{text}"}}'.encode())


def at(*texts: str) -> Addresses:
    return Addresses(tuple(map(ip_address, texts)))


def srv(*records: tuple[int, str]) -> Services:
    """Records of port and target, each of lower priority than the one before."""
    return Services(
        tuple(Service(10 * (n + 1), 0, port, target) for n, (port, target) in enumerate(records))
    )
