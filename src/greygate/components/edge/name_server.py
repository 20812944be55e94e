"""Knot on an edge: the authority of the zone in which home answers challenges, and of nothing else.

Home writes it by signed updates over the overlay; strangers ask it what it has.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from signal import SIGHUP

from greygate import __version__
from greygate.components.component import Component, File, Listening, Service, Unit
from greygate.components.template import fill
from greygate.plan.edge import EdgePlan
from greygate.plan.plan import LOOPBACK
from greygate.plan.token import NameServer, Token

CONFIG = PurePosixPath("knot/knot.conf")
ZONE = PurePosixPath("knot/challenges.zone")
RATE = 50  # answers in a second to one network

# The TTL of what is not there is short: a challenge that was asked for too early comes.
ZONE_TEXT = """\
; {heading}
$TTL 3600
@ SOA {server}. hostmaster.{server}. 1 3600 600 86400 5
@ NS {server}.
"""


def _files(token: Token, plan: EdgePlan) -> tuple[File, ...]:
    if token.name_server is None:
        return ()
    config = fill(
        __package__,
        "knot.conf.tmpl",
        heading=_heading(token),
        runtime=str(_runtime(plan)),
        port=str(plan.names_port),
        key=str(plan.paths.served_key),
        homes=", ".join(map(str, token.homes)),
        key_name=token.name_server.key.name,
        rate=str(RATE),
        zone=token.name_server.zone,
        file=str(plan.paths.rendered / ZONE),
    )
    zone = ZONE_TEXT.format(heading=_heading(token), server=token.name)
    return (File(CONFIG, config), File(ZONE, zone))


def _units(token: Token, plan: EdgePlan) -> tuple[Unit, ...]:
    if token.name_server is None:
        return ()
    config = str(plan.paths.rendered / CONFIG)
    return (
        Service(
            name="knot",
            description="Knot, the name server for challenges on Greygate's edge",
            argv=("/usr/sbin/knotd", "-c", config),
            proof=("/usr/sbin/knotc", "-c", config, "conf-check"),
            ready=Listening(LOOPBACK[0], (plan.names_port,)),
            account="greygate-knot",
            capabilities=("net_bind_service",),
            runtime=_runtime(plan),
            after=("firewall",),
            reload=SIGHUP,
            notifies=True,
        ),
    )


def key_text(server: NameServer) -> str:
    """The file that Knot reads its key from; a secret."""
    key = server.key
    return (
        f"key:\n  - id: {key.name}\n    algorithm: {key.algorithm}\n"
        f"    secret: {key.secret.reveal()}\n"
    )


def _runtime(plan: EdgePlan) -> PurePosixPath:
    return plan.paths.runtime / "knot"


def _heading(token: Token) -> str:
    return f"edge {token.edge} of site {token.site}: written by greygate {__version__}; not by hand"


NAME_SERVER: Component[Token, EdgePlan] = Component(
    name="knot",
    files=_files,
    units=_units,
    packages=lambda token: ("knot",) if token.name_server else (),
)
