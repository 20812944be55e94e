"""The link keeper: dials a lost edge at once; a small program of ours beside the node.

Its program is rendered with the other files: the account it runs as can read those, whatever it
may read of the tree that Greygate is in.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

from greygate.components.component import (
    NODE_CLIENTS,
    Addressed,
    Component,
    File,
    Service,
    Unit,
)
from greygate.components.template import packaged_text
from greygate.plan.plan import Plan
from greygate.site.model import Node, Site

PROGRAM = PurePosixPath("keeper/keeper.py")
LINKS = PurePosixPath("keeper/links.json")

# Where the node of this machine takes requests, if it is not ours: as `greygate.machine.node` has
# it. The keeper tries them anew each time, as a node may be restarted by another package.
SYSTEM_PLACES: tuple[str | tuple[str, int], ...] = (
    *("/run/yggdrasil/yggdrasil.sock", "/run/yggdrasil.sock", "/var/run/yggdrasil.sock"),
    ("127.0.0.1", 9001),
)


def files(site: Site, plan: Plan) -> tuple[File, ...]:
    if not keeps(site, plan):
        return ()
    program = packaged_text("greygate.run", "keeper.py")
    return (File(PROGRAM, program), File(LINKS, f"{json.dumps(_links(site, plan), indent=2)}\n"))


def units(site: Site, plan: Plan) -> tuple[Unit, ...]:
    if not keeps(site, plan):
        return ()
    links = str(plan.paths.rendered / LINKS)
    # -S: no packages of the engine's environment, whose Python it is; it needs none.
    program = (str(plan.engine), "-I", "-S", str(plan.paths.rendered / PROGRAM))
    ours = site.overlay.node is Node.MANAGED
    return (
        Service(
            name="keeper",
            description="Link keeper of Greygate",
            argv=(*program, links),
            proof=(*program, "--check", links),
            ready=Addressed(plan.addresses[0]),
            # The machine's own node may have given its socket to any account or group: root, with
            # nothing but the right to open it.
            account="greygate-keeper" if ours else "root",
            uses=(NODE_CLIENTS,) if ours else (),
            capabilities=() if ours else ("dac_override",),
            after=("yggdrasil",) if ours else ("peers",),
        ),
    )


def packages(site: Site) -> tuple[str, ...]:
    return ()  # Synapse's environment has a Python


def keeps(site: Site, plan: Plan) -> bool:
    """Whether there are links to keep, and a node on this machine that has them."""
    return bool(plan.edges) and site.overlay.node in (Node.MANAGED, Node.SYSTEM)


def _links(site: Site, plan: Plan) -> dict[str, Any]:
    ours = site.overlay.node is Node.MANAGED
    return {
        "admin": [str(plan.paths.overlay_admin_socket)] if ours else list(SYSTEM_PLACES),
        "edges": [
            {
                "id": link.title,
                "address": str(link.address),
                "peers": list(link.peers),
                "until": link.until,
            }
            for link in plan.followed
        ],
    }


KEEPER = Component(name="keeper", files=files, units=units, packages=packages)
