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

# A group for each pair that talks: whoever is in it may use the socket. What one service alone may
# read belongs to the group that bears its account's name.
HOMESERVER_CLIENTS = "greygate-homeserver"  # HAProxy asks Synapse
NODE_CLIENTS = "greygate-node"  # the keeper directs our Yggdrasil
SOCKET_GROUPS = (HOMESERVER_CLIENTS, NODE_CLIENTS)


@dataclass(frozen=True, slots=True)
class File:
    """A rendered file: its place below `rendered/` and its text. Never holds a secret."""

    path: PurePosixPath
    text: str


@dataclass(frozen=True, slots=True)
class Listening:
    """Ready when something listens at each of these TCP ports: one program opens them in turn."""

    address: Address
    ports: tuple[int, ...]


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

MIB = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryNeed:
    """How much memory a unit may have: a share of the machine's, between two bounds (octets)."""

    least: int
    share: float = 0.0
    most: int = 0

    def most_on(self, machine: int) -> int:
        """What it may have on a machine with that much memory."""
        return max(self.least, min(int(self.share * machine), self.most))


# A small program of ours or of the system: 6 MB (the keeper) to 45 MB (Python with cryptography).
# It is to bound what goes wrong, not to save.
SMALL = MemoryNeed(least=128 * MIB)
# The kernel takes what has most when there is nothing left for anybody, and these are added to
# that (in thousandths of the machine): who comes back soonest and cuts off nobody goes first.
FIRST, USUAL, LAST = 500, 300, 100


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
    spool: PurePosixPath | None = None  # its directory for temporary files, empty at each start
    runtime: PurePosixPath | None = None  # its own directory for sockets
    serves: str | None = None  # the group whose members may use the sockets in it; else nobody
    uses: tuple[str, ...] = ()  # such groups of other services
    devices: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    after: tuple[str, ...] = ()  # names of services or tasks that should be up before
    reload: Signals | None = None
    new_worker: bool = False  # a reload starts another process, and may fail to without a word
    notifies: bool = False  # speaks sd_notify
    makes_code: bool = False  # compiles at run time: no MemoryDenyWriteExecute
    stop_after: float = 10.0  # seconds from the polite signal to SIGKILL
    memory: MemoryNeed = SMALL
    oom_score: int = USUAL

    @property
    def group(self) -> str:
        """The group that it runs with, and that its sockets get."""
        return self.serves or self.account

    @property
    def other_groups(self) -> tuple[str, ...]:
        """The groups that it has besides."""
        return (*((self.account,) if self.serves else ()), *self.uses)


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
    readers: str | None = None  # the group for which `check` leaves what it saw
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
    memory: MemoryNeed = SMALL  # of each connection's program


Unit = Service | Task | Socket


@dataclass(frozen=True, slots=True, kw_only=True)
class Component(Generic[Wish, Derived]):
    """One program that we configure: its files, and what of it runs."""

    name: str
    files: Callable[[Wish, Derived], tuple[File, ...]]
    units: Callable[[Wish, Derived], tuple[Unit, ...]]
    packages: Callable[[Wish], tuple[str, ...]]  # Debian packages that bring the program
