"""How this edge is, as far as an account without rights can see."""

from __future__ import annotations

import hashlib
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from greygate.edge.agent import Standing
from greygate.machine.ports import unit_in
from greygate.plan.barriers import Barrier, edge_passages
from greygate.plan.edge_state import EdgeState, PortTold, ServiceTold
from greygate.plan.edges import PEERING_PORT
from greygate.probe import firewall, host
from greygate.probe.answers import NoAnswer
from greygate.probe.host import Connections
from greygate.run import filters
from greygate.run.unit_text import TARGET
from greygate.run.units import unit_name

VERSIONS = (
    ("haproxy", ("/usr/sbin/haproxy", "-v")),
    ("yggdrasil", ("/usr/sbin/yggdrasil", "-version")),
)
RESIDENT = ("haproxy", "yggdrasil")  # the firewall is the kernel's once it is loaded
WANTED = Path("/etc/systemd/system/multi-user.target.wants")  # what is enabled
STALE = 300.0  # seconds; root looks every minute
PATIENCE = 5.0  # seconds for a program to tell its version


def look(here: Standing) -> EdgeState:
    """Look once."""
    seen = host.connections()
    seen = Connections((), frozenset()) if isinstance(seen, NoAnswer) else seen
    running = dict(_running())
    return EdgeState(
        serial=here.serial,
        digest=here.digest,
        version=here.version,
        versions={**dict(_versions()), "system": _system()},
        host=_host(),
        at=time.time(),
        booted=psutil.boot_time(),
        free=_free(here),
        links=sum(it.port == PEERING_PORT for it in seen.established),
        services=tuple(ServiceTold(name, running.get(unit_name(name))) for name in RESIDENT),
        ports=tuple(PortTold(port, port in seen.listening) for port in here.ports),
        barriers=_barriers(here),
        enabled=_is_there(WANTED / TARGET),
        takes_orders=_is_there(Path(here.orders)),  # systemd takes it away with the socket's unit
    )


def _is_there(path: Path) -> bool | None:
    """None where we may not look."""
    try:
        os.lstat(path)
    except FileNotFoundError:
        return False
    except OSError:
        return None
    return True


def _barriers(here: Standing) -> tuple[Barrier, ...] | None:
    """What bars this edge; None where root has not looked for a while, or we cannot read it."""
    try:
        if time.time() - os.stat(here.filters).st_mtime > STALE:
            return None
        listings = {it.name: it.read_text("utf-8") for it in Path(here.filters).iterdir()}
    except OSError:
        return None
    found = filters.judge(
        listings,
        edge_passages(
            address=here.address,
            interface=here.interface,
            homes=here.homes,
            ports=here.ports,
            names_port=here.names_port,
            uplinks=firewall.uplinks(),
        ),
    )
    return None if isinstance(found, NoAnswer) else found


def _running() -> Iterator[tuple[str, float]]:
    """Every unit of ours that has processes, and when the oldest of them began.

    Not asked of systemd: without a message bus, which a minimal Debian lacks, it hears only root.
    """
    oldest: dict[str, float] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            unit = unit_in(Path(f"/proc/{process.pid}/cgroup").read_text("utf-8"))
            if unit is not None and unit.startswith("greygate-"):
                began = process.create_time()
                oldest[unit] = min(began, oldest.get(unit, began))
    yield from oldest.items()


def _versions() -> Iterator[tuple[str, str]]:
    for name, argv in VERSIONS:
        with suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(
                argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE
            )
            words = (done.stdout.splitlines() or [""])[-1 if name == "yggdrasil" else 0].split()
            yield name, next((it for it in words if it[:1].isdigit()), "")


def _system() -> str:
    with suppress(OSError):
        for line in Path("/etc/os-release").read_text("utf-8").splitlines():
            if line.startswith("PRETTY_NAME="):
                return line.partition("=")[2].strip('"')
    return ""


def _host() -> str:
    """This boot of this machine, and no other; it tells neither of the two ids."""
    ids = [
        Path(path).read_text("ascii").strip()
        for path in ("/etc/machine-id", "/proc/sys/kernel/random/boot_id")
        if os.path.exists(path)
    ]
    return hashlib.sha256(f"greygate edge {' '.join(ids)}".encode()).hexdigest()[:16]


def _free(here: Standing) -> int:
    seen = os.statvfs(here.state)
    return seen.f_bavail * seen.f_frsize
