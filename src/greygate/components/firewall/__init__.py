"""The overlay's firewall: one nftables table of our own, for what comes over the overlay only."""

from __future__ import annotations

from ipaddress import collapse_addresses

from greygate.components.component import Component, File, Unit
from greygate.components.firewall.guard import RULES, guard_file, guarded
from greygate.components.heading import heading
from greygate.components.template import fill
from greygate.plan.edges import EdgeLink
from greygate.plan.plan import Plan
from greygate.site.model import Node, Opening, Site
from greygate.spec.yggdrasil import OVERLAY

SYNAPSE = "greygate-synapse"  # its account
# Behind a router the overlay comes in where everything else does: its addresses tell it.
TO_OVERLAY = f'iifname != "lo" ip6 daddr {OVERLAY}'


def files(site: Site, plan: Plan) -> tuple[File, ...]:
    if not guards(site, plan):
        return ()
    title = heading(site)
    return (File(RULES, _rules(site, plan, title)), guard_file(plan, title))


def units(site: Site, plan: Plan) -> tuple[Unit, ...]:
    if not guards(site, plan):
        return ()
    name = "Firewall of Greygate on the overlay"
    return (guarded(plan, name, first_down=_silence(site, plan)),)


def _silence(site: Site, plan: Plan) -> tuple[tuple[str, ...], ...]:
    """What ends connections whose interface went with our node, while our table still holds them.

    Their programs are gone, but the kernel would go on sending for minutes, with the overlay's
    address and by another way. Where the interface is still there, nobody is disturbed.
    """
    if site.overlay.node is not Node.MANAGED:
        return ()
    ours = " or ".join(f"src [{it}]" for it in plan.addresses)
    there = f"ip link show dev {plan.interface} >/dev/null 2>&1"
    return (("/bin/sh", "-c", f"{there} || ss --kill '( {ours} )' >/dev/null || true"),)


def packages(site: Site) -> tuple[str, ...]:
    return ("nftables", "iproute2") if site.overlay.firewall else ()


def guards(site: Site, plan: Plan) -> bool:
    """Whether what comes over the overlay is let in to `reachable` alone."""
    here = plan.interface is not None or site.overlay.node is Node.ROUTED
    return site.overlay.firewall and here


def reachable(site: Site, plan: Plan) -> tuple[Opening, ...]:
    """What still answers anybody on the overlay once the firewall is up."""
    ours = (Opening("tcp", listener.port) for listener in plan.listeners)
    return tuple(sorted({*ours, *site.overlay.allow}))


def reachable_from_edges(plan: Plan) -> tuple[Opening, ...]:
    """What answers the edges, and nobody else."""
    return (Opening("tcp", plan.ingress_port),) if plan.edges else ()


def _rules(site: Site, plan: Plan, title: str) -> str:
    addresses = ", ".join(str(a) for a in plan.addresses if a.version == 6)
    managed = site.overlay.node is Node.MANAGED
    routed = site.overlay.node is Node.ROUTED
    interface = f'"{plan.interface}"'
    return fill(
        __name__,
        "rules.nft.tmpl",
        heading=title,
        from_overlay=TO_OVERLAY if routed else f"iifname {interface}",
        neighbours=fill(__name__, "neighbours.nft.tmpl") if routed else "",
        addresses=addresses,
        elsewhere=fill(__name__, "elsewhere.nft.tmpl", addresses=addresses) if managed else "",
        output=_output(plan, interface, addresses) if managed else "",
        former=_former(plan, addresses),
        edges=_edges(plan, addresses),
        listeners=", ".join(str(listener.port) for listener in plan.listeners),
        allowed="".join(f"\n        {_allowed(opening)}" for opening in site.overlay.allow),
        forward=_forward(interface) if managed else "",
        networks=_networks(site) if plan.accounts else "",
    )


def _networks(site: Site) -> str:
    """Without an account of its own nothing tells Synapse from whoever else asks."""
    four = collapse_addresses(it for it in site.open_networks if it.version == 4)
    six = collapse_addresses(it for it in site.open_networks if it.version == 6)
    allowed = "".join(
        f"\n        {family} daddr {{ {', '.join(map(str, networks))} }} accept"
        for family, networks in (("ip", tuple(four)), ("ip6", tuple(six)))
        if networks
    )
    return fill(__name__, "networks.nft.tmpl", account=SYNAPSE, allowed=allowed)


def _former(plan: Plan, addresses: str) -> str:
    if not plan.edges:
        return ""
    return fill(
        __name__,
        "former.nft.tmpl",
        barred="".join(_barred(it, plan.ingress_port) for it in plan.former),
        edges=", ".join(str(link.address) for link in plan.followed),
        addresses=addresses,
        ingress=str(plan.ingress_port),
    )


def _barred(link: EdgeLink, ingress: int) -> str:
    """A host that its edge has left is shut out at its moment by the kernel itself.

    With a word: other servers that still hold a connection through it begin another at once.
    """
    left = f'"{link.edge.id} has left this host"'
    return (
        f"\n        ip6 saddr {link.address} tcp dport {ingress} meta time >= {link.until} "
        f"counter reject with tcp reset comment {left}"
    )


def _edges(plan: Plan, addresses: str) -> str:
    """A stolen edge is a stranger with a way to the ingress: it is no way to the client side."""
    if not plan.edges:
        return ""
    return fill(
        __name__,
        "edges.nft.tmpl",
        edges=", ".join(str(link.address) for link in plan.followed),
        addresses=addresses,
        ingress=str(plan.ingress_port),
        listeners=", ".join(str(listener.port) for listener in plan.listeners),
    )


def _allowed(opening: Opening) -> str:
    return f"{opening.protocol} dport {opening.port} accept"


def _forward(interface: str) -> str:
    """Nobody's traffic is routed through a node of ours; a system node may be a router."""
    return fill(__name__, "forward.nft.tmpl", interface=interface)


def _output(plan: Plan, interface: str, addresses: str) -> str:
    """The overlay's addresses, ours and the edges', are seen on the overlay alone."""
    edges = ", ".join(str(link.address) for link in plan.followed)
    way = fill(__name__, "away.nft.tmpl", interface=interface, edges=edges) if edges else ""
    return fill(__name__, "output.nft.tmpl", interface=interface, addresses=addresses, edges=way)


FIREWALL = Component(name="firewall", files=files, units=units, packages=packages)
