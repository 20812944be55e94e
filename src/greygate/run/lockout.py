"""Does the firewall lock anybody out? And the way back, if nobody says in time that it does not."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

import psutil

from greygate.components.component import Task
from greygate.errors import Trouble
from greygate.machine.files import Owner, replace
from greygate.plan.paths import Paths
from greygate.probe.host import Connection, Connections
from greygate.run import tasks
from greygate.site.model import Opening
from greygate.text import _

OVERLAY = IPv6Network("200::/7")
TABLE = ("table", "inet", "greygate")
GRACE = 60.0  # seconds to say that one still gets in
# Also what the guard keeps is the former one again, or it would shut out whom this lets in.
BACK = """
sleep "$1" && rm -f "$3/listed" && nft -f "$2" &&
nft --stateless --terse list table inet greygate >"$3/listed.new" &&
cp "$2" "$3/rules.nft" && mv "$3/listed.new" "$3/listed"
"""


def at_risk(seen: Connections, stays: Iterable[Opening]) -> tuple[Connection, ...]:
    """Who is connected over the overlay now and could not connect again.

    What is established goes on, so nobody would notice before it is too late.
    """
    open_ports = {opening.port for opening in stays if opening.protocol == "tcp"}
    return tuple(
        sorted(
            connection
            for connection in seen.established
            if _on_overlay(connection)
            and connection.port in seen.listening  # else it is one that we opened
            and connection.port not in open_ports
        )
    )


def _on_overlay(connection: Connection) -> bool:
    local, remote = connection.address, connection.remote
    return (
        isinstance(local, IPv6Address)
        and local in OVERLAY
        and local != remote  # this machine with itself goes over the loopback interface
    )


@dataclass(frozen=True, slots=True)
class WayBack:
    """A process that brings the former table back unless it is called off."""

    pid: int
    began: float  # with the pid it names one process for ever

    def call_off(self) -> None:
        """The new table stays."""
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(self.pid).create_time() == self.began:
                os.killpg(self.pid, signal.SIGKILL)


def bring_up_with_way_back(task: Task, paths: Paths, *, grace: float = GRACE) -> WayBack:
    """Have the firewall up; in `grace` seconds the former one is back, come what may to us."""
    former = paths.state / "firewall.former"
    replace(former, _former().encode(), owner=Owner.ourselves(), mode=0o600)
    # Its own session: neither the end of a terminal nor that of a connection ends it.
    timer = subprocess.Popen(
        ("/bin/sh", "-c", BACK, "sh", f"{grace:g}", str(former), str(paths.firewall)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    way_back = WayBack(timer.pid, psutil.Process(timer.pid).create_time())
    try:
        tasks.bring_up(task)
    except BaseException:
        way_back.call_off()
        raise
    return way_back


def _former() -> str:
    """Commands that bring back what is there now; our table's name is made first, as only what
    is there can be deleted."""
    name = " ".join(TABLE)
    listed = subprocess.run(("nft", "list", *TABLE), capture_output=True, text=True, check=False)
    if listed.returncode != 0 and "No such file" not in listed.stderr:
        raise Trouble(
            _("cannot guard the firewall: nft says: {words}").format(words=listed.stderr.strip()),
            _("see whether `nft list ruleset` works here"),
        )
    return f"{name}\ndelete {name}\n{listed.stdout}"
