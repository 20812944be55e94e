"""The overlay's firewall: one nftables table of our own, on the overlay's interface only."""

from __future__ import annotations

from pathlib import PurePosixPath

from greygate.components.component import Component, File, Task, Unit
from greygate.components.heading import heading
from greygate.components.template import fill
from greygate.plan.plan import Plan
from greygate.site.model import Node, Opening, Site

PROGRAM = "/usr/sbin/nft"
RULES = PurePosixPath("firewall/rules.nft")
NO_RULES = PurePosixPath("firewall/none.nft")


def files(site: Site, plan: Plan) -> tuple[File, ...]:
    if not guards(site, plan):
        return ()
    title = heading(site)
    return (
        File(RULES, _rules(site, plan, title)),
        File(NO_RULES, fill(__name__, "none.nft.tmpl", heading=title)),
    )


def units(site: Site, plan: Plan) -> tuple[Unit, ...]:
    if not guards(site, plan):
        return ()
    rules = str(plan.paths.rendered / RULES)
    return (
        Task(
            name="firewall",
            description="Firewall of Greygate on the overlay",
            up=((PROGRAM, "-f", rules),),
            down=((PROGRAM, "-f", str(plan.paths.rendered / NO_RULES)),),
            proof=(PROGRAM, "-c", "-f", rules),
        ),
    )


def packages(site: Site) -> tuple[str, ...]:
    return ("nftables",) if site.overlay.firewall else ()


def guards(site: Site, plan: Plan) -> bool:
    """Whether the overlay's interface is closed but for `reachable`."""
    return site.overlay.firewall and plan.interface is not None


def reachable(site: Site, plan: Plan) -> tuple[Opening, ...]:
    """What still answers on the overlay once the firewall is up; anything else is cut off."""
    ours = (Opening("tcp", listener.port) for listener in plan.listeners)
    return tuple(sorted({*ours, *site.overlay.allow}))


def _rules(site: Site, plan: Plan, title: str) -> str:
    assert plan.interface is not None, "only what has a name can be guarded"
    return fill(
        __name__,
        "rules.nft.tmpl",
        heading=title,
        interface=f'"{plan.interface}"',
        addresses=", ".join(str(a) for a in plan.addresses if a.version == 6),
        listeners=", ".join(str(listener.port) for listener in plan.listeners),
        allowed="".join(f"\n        {_allowed(opening)}" for opening in site.overlay.allow),
        forward=_forward(plan.interface) if site.overlay.node is Node.MANAGED else "",
    )


def _allowed(opening: Opening) -> str:
    return f"{opening.protocol} dport {opening.port} accept"


def _forward(interface: str) -> str:
    """Nobody's traffic is routed through a node of ours; a system node may be a router."""
    return fill(__name__, "forward.nft.tmpl", interface=f'"{interface}"')


FIREWALL = Component(name="firewall", files=files, units=units, packages=packages)
