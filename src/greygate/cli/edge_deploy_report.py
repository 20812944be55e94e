"""What `edge deploy` says: of a host that was looked at, and of one that is an edge now."""

from __future__ import annotations

from typing import Any

from greygate.errors import Trouble
from greygate.home.deployment import Joined
from greygate.home.published import Published
from greygate.home.rented_host import Host, Order, remarks, steps
from greygate.home.ssh_target import Target
from greygate.plan.published import State
from greygate.run.seen import Reach
from greygate.text import _, aligned, listing, size, visible


def rehearsed_told(host: Host, order: Order, found: tuple[Trouble, ...]) -> dict[str, Any]:
    return {
        "host": _host(host),
        "steps": list(steps(host, order)),
        "remarks": list(remarks(host, order)),
        "obstacles": [{"what": it.what, "hint": it.hint} for it in found],
    }


def rehearsed_text(host: Host, order: Order, found: tuple[Trouble, ...]) -> str:
    lines = [aligned(_rows(host)), *remarks(host, order), ""]
    for it in found:
        lines += [it.what, _("    next: {hint}").format(hint=it.hint)]
    if not found:
        lines.append(_("what would be done:"))
        lines += [f"  {number}. {it}" for number, it in enumerate(steps(host, order), 1)]
    return "\n".join(lines)


def done_told(joined: Joined, target: Target, reach: Reach, dns: Published) -> dict[str, Any]:
    return {
        **joined.told,
        "host": str(target),
        "reach": {
            "reachable": reach.verdict.value,
            "cause": reach.cause,
            "cure": reach.cure,
        },
        "dns": {
            "wrong": len(_wrong(dns)),
            "unknown": len(_untold(dns)),
            "unsealed": dns.unsealed,
        },
    }


def done_text(joined: Joined, target: Target, reach: Reach, dns: Published) -> str:
    new = _("is now") if joined.told["changed"] else _("was already, and stays,")
    lines = [
        _("{host} {new} {edge}, at {address}, ports {ports}").format(
            host=target.host,
            new=new,
            edge=joined.told["edge"],
            address=joined.told["address"],
            ports=listing(joined.told["ports"]),
        ),
        _("other servers: {reachable}, {cause}").format(
            reachable=_("reach home") if reach.reachable else reach.verdict.value, cause=reach.cause
        ),
    ]
    if reach.cure:
        lines.append(_("    next: {hint}").format(hint=reach.cure))
    for barrier in joined.told.get("barriers", ()):
        lines.append(_("on that host {cause}").format(cause=visible(str(barrier["text"]))))
        lines.append(_("    next: {hint}").format(hint=visible(str(barrier["cure"]))))
    return "\n".join((*lines, *_dns(dns)))


def _host(host: Host) -> dict[str, Any]:
    return {
        "system": host.name,
        "machine": host.machine,
        "python": host.python,
        "systemd": host.systemd,
        "free": {at: free for free, at in host.free},
        "home": host.home,
        "edge": host.edge[0] if host.edge else None,
        "taken": {str(port): who for port, who in host.taken},
    }


def _rows(host: Host) -> list[tuple[str, str]]:
    free = listing(_("{size} in {at}").format(size=size(free), at=at) for free, at in host.free)
    edge = _("it is {edge}").format(edge=host.edge[0]) if host.edge else _("none yet")
    return [
        (_("system"), f"{host.name}, {host.machine}"),
        (_("Python"), host.python or _("none yet")),
        (_("free"), free),
        (_("edge"), edge),
    ]


def _dns(dns: Published) -> list[str]:
    wrong, untold = _wrong(dns), _untold(dns)
    if wrong:
        return [
            _("DNS: {count} record sets are missing or wrong").format(count=len(wrong)),
            _("    next: {hint}").format(hint=_("greygate dns plan, then greygate dns check")),
        ]
    if untold:
        return [
            _("DNS: {count} questions had no answer").format(count=len(untold)),
            _("    next: {hint}").format(hint="greygate dns check"),
        ]
    if dns.unsealed is not None:
        return [_("DNS: not sealed: {why}").format(why=dns.unsealed)]
    return [_("DNS: all right")]


def _wrong(dns: Published) -> set[str]:
    """By what is asked for: the same is asked at several servers."""
    return {
        f"{it.records.name} {it.records.type}"
        for it in dns.verdicts
        if it.harms and it.state is not State.UNTOLD
    }


def _untold(dns: Published) -> set[str]:
    return {
        f"{it.records.name} {it.records.type}"
        for it in dns.verdicts
        if it.harms and it.state is State.UNTOLD
    }
