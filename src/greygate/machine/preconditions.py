"""What a home and an edge need of their machine alike: looked at before anything is installed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import PurePath

from greygate.errors import Trouble
from greygate.machine import clock, disk, files, memory
from greygate.machine.rights import Rights
from greygate.plan.paths import Paths
from greygate.text import _, size

HOME_MEMORY = 900_000_000  # octets, as a machine of 1 GB tells; Synapse has most of it
EDGE_MEMORY = 200_000_000  # HAProxy and Yggdrasil have a quarter of it


def demand(paths: Paths, written: Iterable[PurePath], *, room: int, purpose: str) -> None:
    """Trouble where the clock is behind (`written`: files that tell), or there is no room.

    `purpose` reads "run the server".
    """
    clock.demand(datetime.now(UTC), clock.evidence(written))
    found = disk.room(paths.state)
    if found.octets < room:
        disk.demand(found, room, purpose=purpose)


def demand_passable(paths: Paths) -> None:
    """Trouble where services that have accounts of their own cannot come to their files."""
    closed = files.closed_above(paths.state)
    if closed is not None:
        raise Trouble(
            _("cannot use {state}: the services' accounts may not pass through {closed}").format(
                state=paths.state, closed=closed
            ),
            _("choose another place (--state /srv/greygate), or: chmod o+x {closed}").format(
                closed=closed
            ),
        )


def demand_node(seen: Rights, purpose: str) -> None:
    """Trouble where no Yggdrasil of our own can run: no TUN device, no IPv6."""
    why = seen.no_node()
    if why is not None:
        raise Trouble(
            _("cannot {purpose}: {why}").format(purpose=purpose, why=why), seen.cure() or ""
        )


def short_of_memory(wanted: int, octets: int | None = None) -> Iterator[str]:
    """What is worth saying of a machine that has less than it takes; it may have swap."""
    there = memory.installed() if octets is None else octets
    if there < wanted:
        yield _(
            "note: {there} of memory, and about {wanted} is needed: what has most is killed now "
            "and then; more memory or swap helps"
        ).format(there=size(there), wanted=size(wanted))
