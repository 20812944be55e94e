"""The agent of an edge: two doors that systemd keeps, and what the one to the overlay may know.

What home sends comes to an account without rights. It answers what needs none; an order that
changes the edge it hands to root's half, which believes the site's signature and nothing else.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from greygate import __version__
from greygate.components.component import MIB, Component, File, MemoryNeed, Socket, Unit
from greygate.plan.edge import EdgePlan
from greygate.plan.edges import AGENT_PORT
from greygate.plan.paths import PROGRAM
from greygate.plan.token import Token

ACCOUNT = "greygate-agent"
STANDING = PurePosixPath("agent/standing.json")
UNITS = PurePosixPath("/etc/systemd/system")
# Beside itself (45 MB) the programs that prove a new configuration: HAProxy, Yggdrasil, Knot.
MEMORY = MemoryNeed(least=256 * MIB)


def _files(token: Token, plan: EdgePlan) -> tuple[File, ...]:
    return (File(STANDING, f"{json.dumps(_standing(token, plan), indent=2)}\n"),)


def _standing(token: Token, plan: EdgePlan) -> dict[str, object]:
    """Of the token what is no secret."""
    return {
        "version": __version__,
        "site": token.site,
        "edge": token.edge,
        "serial": token.serial,
        "digest": token.digest,
        "verify_key": token.verify_key,
        "homes": list(map(str, token.homes)),
        "ports": list(plan.ports),
        "orders": str(plan.orders),
        "state": str(plan.paths.state),
        "address": str(plan.address),
        "interface": plan.interface,
        "names_port": plan.names_port if token.name_server else None,
        "filters": str(plan.paths.firewall / "seen"),
    }


def _units(token: Token, plan: EdgePlan) -> tuple[Unit, ...]:
    program = _program(plan, "greygate.edge.agent")
    standing = str(plan.paths.rendered / STANDING)
    environment = (("PYTHONPATH", str(PROGRAM / "src")),)
    return (
        Socket(
            name="orders",
            description="Orders of Greygate's edge, as root carries them out",
            listen=plan.orders,
            opens_to=ACCOUNT,
            argv=(
                *_program(plan, "greygate.edge.orders"),
                *(str(plan.paths.state), str(plan.paths.runtime)),
            ),
            account="root",
            # Files change hands, programs prove their configuration under their own accounts.
            capabilities=("chown", "dac_override", "fowner", "setuid", "setgid", "net_admin"),
            writes=(plan.paths.state, plan.paths.runtime, UNITS),
            environment=environment,
            after=("firewall",),
            ends_after=120.0,
            at_once=2,
            changes_owners=True,
            memory=MEMORY,
        ),
        Socket(
            name="agent",
            description="Agent of Greygate's edge",
            listen=(plan.address, AGENT_PORT),
            argv=(*program, standing),
            proof=("/usr/bin/env", f"PYTHONPATH={PROGRAM / 'src'}", *program, "--check", standing),
            account=ACCOUNT,
            environment=environment,
            after=("firewall",),
            ends_after=150.0,
        ),
    )


def _program(plan: EdgePlan, module: str) -> tuple[str, ...]:
    """Not by the launcher: it would look for its environment first, at each connection."""
    kept = f"pycache_prefix={plan.environment / 'bytecode'}"
    return (str(plan.python), "-P", "-X", kept, "-m", module)


AGENT: Component[Token, EdgePlan] = Component(
    name="agent", files=_files, units=_units, packages=lambda _token: ()
)
