"""Which programs hold the TCP ports that we need."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

import psutil

from greygate.errors import Trouble
from greygate.text import _

Address = IPv4Address | IPv6Address

_UNIT = re.compile(r"/(?P<unit>[^/]+\.(?:service|scope|socket))(?:/|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A socket that listens, and whose it is as far as we may know."""

    address: Address
    port: int
    pid: int | None = None  # None: another user's where we are not root, or outside our container
    program: str | None = None
    unit: str | None = None  # of systemd

    def __str__(self) -> str:
        if self.program is None:
            return _("a program that we may not see")
        known = [f"pid {self.pid}", *([self.unit] if self.unit else [])]
        return f"{self.program} ({', '.join(known)})"

    def bars(self, address: Address, port: int) -> bool:
        """Whether nobody else can listen there; a wildcard holds every address of its kind."""
        if port != self.port:
            return False
        if self.address.is_unspecified:
            # `::` most often takes IPv4 along; the kernel does not tell whether it does here.
            return self.address.version == 6 or address.version == 4
        return self.address == address


def conflicts(
    addresses: Collection[Address], ports: Collection[int], holders: Iterable[Holder]
) -> tuple[tuple[Address, Holder], ...]:
    """Where somebody else already listens, one row for each port and holder."""
    found: dict[Holder, Address] = {}
    for holder in holders:
        for address in addresses:
            if any(holder.bars(address, port) for port in ports):
                found.setdefault(holder, address)
    return tuple((address, holder) for holder, address in found.items())


def demand_free(
    addresses: Collection[Address], ports: Collection[int], holders: Iterable[Holder]
) -> None:
    """Trouble where a port that we need is taken: by whom, and how to end that."""
    for address, holder in conflicts(addresses, ports, holders):
        host = f"[{address}]" if address.version == 6 else str(address)
        raise Trouble(
            _("cannot listen on {host}:{port}: {holder} does already").format(
                host=host, port=holder.port, holder=holder
            ),
            _cure(holder),
        )


def holders() -> tuple[Holder, ...]:
    """Every TCP socket that listens on this machine."""
    return tuple(
        _holder(it.laddr.ip, it.laddr.port, it.pid)
        for it in psutil.net_connections("tcp")
        if it.status == psutil.CONN_LISTEN and it.laddr
    )


def unit_in(cgroup: str) -> str | None:
    """The systemd unit in the text of /proc/PID/cgroup: the innermost service, or socket."""
    found = [match["unit"] for match in _UNIT.finditer(cgroup)]
    services = [unit for unit in found if not unit.endswith(".scope")]
    return services[-1] if services else None


def _holder(host: str, port: int, pid: int | None) -> Holder:
    address = ip_address(host.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if pid is None:
        return Holder(address=address, port=port)
    try:
        program = psutil.Process(pid).name()
        unit = unit_in(Path(f"/proc/{pid}/cgroup").read_text("utf-8"))
    except (psutil.Error, OSError):  # gone since, or not ours to see
        return Holder(address=address, port=port, pid=pid)
    return Holder(address=address, port=port, pid=pid, program=program, unit=unit)


def _cure(holder: Holder) -> str:
    if holder.unit is not None:
        return _("stop it (systemctl disable --now {unit}), or have it listen elsewhere").format(
            unit=holder.unit
        )
    if holder.pid is not None:
        return _("end it (kill {pid}), or have it listen elsewhere").format(pid=holder.pid)
    return _("see whose it is: sudo ss -ltnp 'sport = :{port}'").format(port=holder.port)
