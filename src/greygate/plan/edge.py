"""What must be true on an edge: everything follows from its token."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import PurePosixPath

from greygate.errors import Trouble
from greygate.plan.edges import PUBLIC_PORTS
from greygate.plan.footing import Footing
from greygate.plan.paths import Paths
from greygate.plan.plan import INTERFACE
from greygate.plan.token import Token
from greygate.spec.host_name import host_name_problem
from greygate.spec.yggdrasil import is_overlay
from greygate.text import _

LAST_PORT = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgePlan(Footing):
    """Everything derived from one token for one edge."""

    address: IPv6Address  # on the overlay
    ports: tuple[int, ...]  # public ones, on every address of the machine
    interface: str = INTERFACE

    @property
    def key(self) -> PurePosixPath:
        """The overlay key that the token brought, PKCS#8 PEM."""
        return self.paths.overlay_key


def edge_plan(token: Token, paths: Paths, *, ports: tuple[int, ...] = PUBLIC_PORTS) -> EdgePlan:
    """The plan of the edge that has this token."""
    return EdgePlan(paths=paths, accounts=True, address=token.address, ports=ports)


def demand_sane(token: Token) -> None:
    """Trouble where a token says what no home of ours writes: its words go into configuration."""
    names = (token.name, *(name for tenant in token.tenants for name in tenant.names))
    problems = [
        *(f"{name!r}: {why}" for name in names if (why := host_name_problem(name))),
        *(str(it.home) for it in token.tenants if not is_overlay(it.home)),
        *(str(it.port) for it in token.tenants if not 0 < it.port <= LAST_PORT),
        *(() if token.tenants else (_("it has no home"),)),
    ]
    if problems:
        raise Trouble(
            _("cannot use the token: {problem}").format(problem=problems[0]),
            _("make it anew at home: greygate edge token {edge}").format(edge=token.edge),
        )
