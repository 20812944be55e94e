"""What a component is: pure functions from site and plan to files and services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import PurePosixPath
from signal import Signals
from typing import Generic

from greygate.plan.footing import Derived, Wish
from greygate.site.model import Address

GROUP = "greygate"  # shared by all our accounts: it may read what is rendered, and use the sockets


@dataclass(frozen=True, slots=True)
class File:
    """A rendered file: its place below `rendered/` and its text. Never holds a secret."""

    path: PurePosixPath
    text: str


@dataclass(frozen=True, slots=True)
class Listening:
    """Ready when something accepts TCP there."""

    address: Address
    port: int


@dataclass(frozen=True, slots=True)
class Answering:
    """Ready when GET `target` on a unix socket answers 200."""

    socket: PurePosixPath
    target: str


@dataclass(frozen=True, slots=True)
class Addressed:
    """Ready when this machine has the address."""

    address: Address


Ready = Listening | Answering | Addressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A program that stays up: all that systemd or supervisord needs to know of it."""

    name: str
    description: str
    argv: tuple[str, ...]
    proof: tuple[str, ...]  # the program's own check; must end 0 before the files are used
    ready: Ready
    account: str  # the user it runs as where Plan.accounts holds
    capabilities: tuple[str, ...] = ()  # as setpriv writes them: "net_admin"
    writes: tuple[PurePosixPath, ...] = ()  # directories of its own that survive
    extra_config: PurePosixPath | None = None  # the operator's own *.yaml, read after ours
    runtime: PurePosixPath | None = None  # its own directory for sockets
    serves_others: bool = False  # our other services use the sockets in it
    devices: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    after: tuple[str, ...] = ()  # names of services or tasks that should be up before
    reload: Signals | None = None
    notifies: bool = False  # speaks sd_notify
    makes_code: bool = False  # compiles at run time: no MemoryDenyWriteExecute
    stop_after: float = 10.0  # seconds from the polite signal to SIGKILL


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something done once at start and undone at stop, by a system program, as root."""

    name: str
    description: str
    up: tuple[tuple[str, ...], ...]
    down: tuple[tuple[str, ...], ...]
    proof: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    check: tuple[str, ...] = ()  # does it again where somebody undid it; run every minute
    upset_by: tuple[str, ...] = ()  # the system's units that undo it: `check` is run behind them


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """A door that systemd keeps: each connection starts the program, which has it as its stdin.

    Nothing of the program stays resident. Only where systemd runs the machine.
    """

    name: str
    description: str
    listen: tuple[IPv6Address, int] | PurePosixPath
    argv: tuple[str, ...]
    account: str
    proof: tuple[str, ...] = ()
    opens_to: str = "root"  # the one account that may open a socket that is a path
    capabilities: tuple[str, ...] = ()
    writes: tuple[PurePosixPath, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    after: tuple[str, ...] = ()
    ends_after: float = 30.0  # seconds that one connection may take, whatever happens
    at_once: int = 8  # connections
    changes_owners: bool = False  # gives files to other accounts, and runs programs as they


Unit = Service | Task | Socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Component(Generic[Wish, Derived]):
    """One program that we configure: its files, and what of it runs."""

    name: str
    files: Callable[[Wish, Derived], tuple[File, ...]]
    units: Callable[[Wish, Derived], tuple[Unit, ...]]
    packages: Callable[[Wish], tuple[str, ...]]  # Debian packages that bring the program
