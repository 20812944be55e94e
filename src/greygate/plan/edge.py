"""What must be true on an edge: everything follows from its token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import PurePosixPath

from greygate.errors import Trouble
from greygate.plan.edges import NAMES_PORT, PUBLIC_PORTS
from greygate.plan.footing import Footing
from greygate.plan.orders import LARGEST_NUMBER
from greygate.plan.paths import Paths
from greygate.plan.plan import INTERFACE
from greygate.plan.token import Token
from greygate.site.edges import EDGE_ID
from greygate.spec.host_name import host_name_problem
from greygate.spec.yggdrasil import is_overlay
from greygate.text import _

LAST_PORT = 65535
PYTHON = PurePosixPath("/usr/bin/python3")  # Debian's own

PEER_LABEL = re.compile(r"[a-z0-9]{4,32}")
SITE_ID = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePlan(Footing):
    """Everything derived from one token for one edge."""

    address: IPv6Address  # on the overlay
    ports: tuple[int, ...]  # public ones, on every address of the machine
    python: PurePosixPath  # in the environment that our program runs in
    interface: str = INTERFACE
    names_port: int = NAMES_PORT  # where the token makes it a name server

    @property
    def environment(self) -> PurePosixPath:
        """The Python environment of our program on this machine."""
        return self.python.parent.parent

    @property
    def orders(self) -> PurePosixPath:
        """The socket by which the agent hands root's half an order."""
        return self.paths.runtime / "orders.sock"

    @property
    def key(self) -> PurePosixPath:
        """The overlay key that the token brought, PKCS#8 PEM."""
        return self.paths.overlay_key


def edge_plan(
    token: Token,
    paths: Paths,
    *,
    ports: tuple[int, ...] = PUBLIC_PORTS,
    python: PurePosixPath = PYTHON,
) -> EdgePlan:
    """The plan of the edge that has this token; `python`: which runs our program there."""
    return EdgePlan(paths=paths, accounts=True, address=token.address, ports=ports, python=python)


def demand_sane(token: Token) -> None:
    """Trouble where a token says what no home of ours writes: its words go into configuration."""
    served = (token.name_server.zone,) if token.name_server else ()
    names = (token.name, *served, *(name for it in token.tenants for name in it.names))
    problems = [
        *(() if EDGE_ID.fullmatch(token.edge) else (repr(token.edge),)),
        *(() if SITE_ID.fullmatch(token.site) else (repr(token.site),)),
        *(f"{name!r}: {why}" for name in names if (why := host_name_problem(name))),
        *(repr(it.home) for it in token.tenants if it.home.scope_id or not is_overlay(it.home)),
        *(str(it.port) for it in token.tenants if not 0 < it.port <= LAST_PORT),
        *(() if PEER_LABEL.fullmatch(token.peer_label) else (repr(token.peer_label),)),
        *(() if 0 < token.serial <= LARGEST_NUMBER else (str(token.serial),)),
        *(() if token.tenants else (_("it has no home"),)),
    ]
    if problems:
        raise Trouble(
            _("cannot use the token: {problem}").format(problem=problems[0]),
            _("make it anew at home: greygate edge token {edge} > FILE").format(edge=token.edge),
        )


def demand_successor(token: Token, before: Token | None) -> None:
    """Trouble where the token does not follow the one that is here."""
    if before is None:
        return
    if (token.site, token.edge) != (before.site, before.edge):
        raise Trouble(
            _("cannot join: this machine is the edge {edge} of site {site} already").format(
                edge=before.edge, site=before.site
            ),
            _("greygate edge leave, then join again"),
        )
    # With another key the serials begin anew: home refuses the old key, whoever has it.
    if token.key == before.key and token.serial < before.serial:
        raise Trouble(
            _("cannot join: this token is older (serial {old}) than what is here ({new})").format(
                old=token.serial, new=before.serial
            ),
            _("make it anew at home: greygate edge token {edge} --above {serial} > FILE").format(
                edge=token.edge, serial=before.serial
            ),
        )
