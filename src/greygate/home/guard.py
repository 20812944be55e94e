"""Nobody is locked out by the firewall: who would be is asked first, with a timed way back."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

from greygate.apply import files, outstanding
from greygate.components.component import Task
from greygate.components.firewall import reachable, reachable_from_edges
from greygate.errors import Trouble
from greygate.home.half import Home
from greygate.probe import host
from greygate.probe.answers import NoAnswer
from greygate.probe.host import Connection, Connections, ConnectionsAnswer
from greygate.run.lockout import GRACE, TABLE, at_risk, bring_up_with_way_back
from greygate.text import _, listing

StillIn = Callable[[str, float], bool]
"""Asks the person that question, for so many seconds; False where nobody says yes in time."""


def demand_no_lockout(home: Home, still_in: StillIn) -> None:
    """Trouble where the firewall would shut out somebody who is connected and does not agree."""
    firewall = next((it for it in home.units if it.name == "firewall"), None)
    if not isinstance(firewall, Task):
        return
    changed = firewall.name in outstanding.load(Path(home.plan.paths.rendered))
    if not changed and _is_up():
        return
    shut_out = endangered(home, host.connections())
    if not shut_out:
        return
    way_back = bring_up_with_way_back(firewall, home.plan.paths)
    agreed = False
    try:
        agreed = still_in(question(shut_out), GRACE)
    finally:  # whoever is cut off is often not asked to the end
        if not agreed and changed:
            files.step_back(home.plan)  # or the next boot would load what was refused
    if not agreed:
        raise _refusal(shut_out, home.source)
    way_back.call_off()


def endangered(home: Home, seen: ConnectionsAnswer) -> tuple[Connection, ...]:
    """Who is connected and could not connect again; nobody where we may not look."""
    match seen:
        case NoAnswer():
            return ()
        case Connections():
            kept = (*reachable(home.site, home.plan), *reachable_from_edges(home.plan))
            return at_risk(seen, kept)


def _refusal(shut_out: tuple[Connection, ...], file: Path) -> Trouble:
    ports = sorted({it.port for it in shut_out})
    return Trouble(
        _("cannot close the overlay: {ports} is in use, and nobody said that it may close").format(
            ports=_ports(shut_out)
        ),
        _(
            "keep it open: allow = [{ports}] under [overlay] in {file} "
            "(the former rules are back within a minute)"
        ).format(ports=", ".join(f'"tcp/{port}"' for port in ports), file=file),
    )


def _is_up() -> bool:
    """Whether the table is loaded: then whoever it shuts out was asked for before."""
    listed = subprocess.run(("nft", "list", *TABLE), capture_output=True, check=False)
    return listed.returncode == 0


def question(shut_out: tuple[Connection, ...]) -> str:
    """What the person is asked who may have been shut out."""
    return _(
        "The overlay is closed now but for the plan, and connections to {ports} are open from "
        "{who}. Try whether you still get in by a new connection."
    ).format(ports=_ports(shut_out), who=listing(sorted({str(it.remote) for it in shut_out})))


def _ports(shut_out: tuple[Connection, ...]) -> str:
    return listing(f"tcp/{port}" for port in sorted({it.port for it in shut_out}))
