"""An edge brought to follow a token: written, proved, taken up; or left as it was."""

from __future__ import annotations

import sys
import time
from pathlib import Path, PurePosixPath

from greygate.apply import files, outstanding
from greygate.apply.differences import Change
from greygate.apply.directories import prepare as prepare_directories
from greygate.components.component import Service, Unit
from greygate.components.edge import ALL
from greygate.components.edge.name_server import key_text
from greygate.errors import Trouble
from greygate.identity import edge_keys, keys
from greygate.machine.files import Owner, directory, replace
from greygate.plan.edge import EdgePlan, edge_plan
from greygate.plan.edges import PUBLIC_PORTS
from greygate.plan.paths import Paths
from greygate.plan.token import Token, read, written
from greygate.progress import Progress
from greygate.run.ready import wait_ready
from greygate.run.runner import take_up
from greygate.run.systemd import Systemd

START = 60.0  # seconds until HAProxy and the node are up; 1 measured


def follow(
    token: Token, plan: EdgePlan, progress: Progress, *, before: Token | None
) -> tuple[Change, ...]:
    """Have this edge be what the token says; `before`: what it follows now.

    What the programs refuse is not put in place; what does not come up is taken back. Files that
    were edited by hand are replaced, the edit is kept beside them: all of an edge follows from
    home, and there is nothing here where an edit could be brought in.
    """
    units = units_of(token, plan)
    rekeyed = _rekeyed(token, plan, before)
    _keep_key(token, plan)
    services = tuple(unit for unit in units if isinstance(unit, Service))
    prepare_directories(plan.paths, services, accounts=True)
    try:
        changes = files.apply(token, plan, progress, components=ALL, overwrite=True)
    except Trouble:
        if before is not None:
            _keep_key(before, plan)
        raise
    outstanding.add(Path(plan.paths.rendered), rekeyed)
    _keep_token(token, plan)
    concerned = frozenset(outstanding.load(Path(plan.paths.rendered)))
    try:
        _up(plan, units, progress)
    except Trouble:
        if before is not None and changes:
            _step_back(before, plan, concerned, progress)
        raise
    return changes


def joined(paths: Paths) -> Token | None:
    """The token by which this machine is an edge; None where it is none."""
    try:
        return read(Path(paths.joined).read_text("utf-8"))
    except FileNotFoundError:
        return None


def plan_of(token: Token, paths: Paths, *, chosen: tuple[int, ...] | None = None) -> EdgePlan:
    """The plan of that token on this machine, with the ports that were chosen when it joined."""
    python = PurePosixPath(sys.executable)
    return edge_plan(token, paths, ports=chosen or _ports(paths), python=python)


def units_of(token: Token, plan: EdgePlan) -> tuple[Unit, ...]:
    return tuple(unit for component in ALL for unit in component.units(token, plan))


def _rekeyed(token: Token, plan: EdgePlan, before: Token | None) -> set[str]:
    """The units whose key is another, by an older token or by hand; no compared file has it."""
    if before is None:
        return set()
    replaced = _content(plan.paths.overlay_key) != edge_keys.pem(token.key)
    node = {"yggdrasil"} if replaced or before.key != token.key else set()
    served = {"knot"} if token.name_server and before.name_server != token.name_server else set()
    return node | served


def _up(plan: EdgePlan, units: tuple[Unit, ...], progress: Progress) -> None:
    """Everything up with what is in place now; nobody disturbed whose matter it is not."""
    runner = Systemd(plan, units)
    runner.write()
    take_up(runner, plan, units)
    runner.start(progress)
    wait_ready(runner, units, deadline=time.monotonic() + START, progress=progress)


def _step_back(
    before: Token, plan: EdgePlan, concerned: frozenset[str], progress: Progress
) -> None:
    former = plan_of(before, plan.paths, chosen=plan.ports)
    files.step_back(former, concerned=concerned)
    _keep_key(before, former)
    _keep_token(before, former)
    _up(former, units_of(before, former), progress)


def _ports(paths: Paths) -> tuple[int, ...]:
    try:
        text = Path(paths.joined.with_name("ports")).read_text("utf-8")
    except FileNotFoundError:
        return PUBLIC_PORTS
    return tuple(map(int, text.split()))


def _keep_key(token: Token, plan: EdgePlan) -> None:
    """The overlay key as the node reads it, and the one by which home writes the name server."""
    paths = plan.paths
    directory(paths.state, mode=keys.TRAVERSED)
    directory(paths.keys, mode=keys.TRAVERSED)
    node = Owner.account(keys.YGGDRASIL)
    replace(paths.overlay_key, edge_keys.pem(token.key), owner=node, mode=0o400)
    if token.name_server is None:
        Path(paths.served_key).unlink(missing_ok=True)
        return
    knot = Owner.account(keys.KNOT)
    replace(paths.served_key, key_text(token.name_server).encode(), owner=knot, mode=0o400)


def _content(path: PurePosixPath) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None


def _keep_token(token: Token, plan: EdgePlan) -> None:
    """The token, root only."""
    paths, ourselves = plan.paths, Owner.ourselves()
    directory(paths.joined.parent, mode=0o700)
    replace(paths.joined, written(token).encode(), owner=ourselves, mode=0o600)
    chosen = " ".join(map(str, plan.ports)).encode()
    replace(paths.joined.with_name("ports"), chosen, owner=ourselves, mode=0o600)
