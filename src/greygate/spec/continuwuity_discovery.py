"""How continuwuity (since 26.6) and conduit resolve server names: resolvematrix 1.3, as read.

It was read (1ad83bb), not run. It goes where SRV leads, by the first record that came; a look-up
that fails is as good as no record, and what stands in m.server is not checked.
"""

from __future__ import annotations

from greygate.spec.delegation import (
    LONGEST_READ,
    Undelegated,
    WellKnownAnswer,
    in_time,
    stated,
)
from greygate.spec.discovery import (
    PORT,
    SRV,
    SRV_DEPRECATED,
    Asking,
    NoRoute,
    Route,
    Target,
    fetch,
    literal_route,
    look_up_addresses,
    look_up_srv,
    no_addresses,
)
from greygate.spec.dns import ROOT, Addresses, Services
from greygate.spec.server_name import BadServerName, ServerName
from greygate.spec.tuwunel_discovery import host_header, preferred
from greygate.text import _

PATIENCE = 10.0  # seconds, for the whole document
_OWN_STEPS = ("4", "5", "6")
_DELEGATED_STEPS = ("3.3", "3.4", "3.5")


def continuwuity_route_to(name: ServerName) -> Asking:
    """resolve_actual_dest"""
    if name.literal is not None:
        return literal_route(name, name.literal, step="1")
    if name.port is not None:
        return (yield from _by_address(name.host, name.host, name.port, step="2"))
    match continuwuity_delegation((yield from fetch(name.host))):
        case Undelegated():
            return (yield from _by_srv(name.host, _OWN_STEPS))
        case text:
            return (yield from _delegated(text))


def continuwuity_delegation(answer: WellKnownAnswer) -> str | Undelegated:
    """resolve_well_known: 200 alone, up to 256 KiB, and any text for m.server."""
    return stated(in_time(answer, PATIENCE), longest=LONGEST_READ)


def _delegated(text: str) -> Asking:
    try:
        to = ServerName.parse(text)
    except BadServerName as problem:  # it goes on with it, and the URL is none
        why = _("m.server {text!r} is taken as it is: {why}")
        return NoRoute("3", why.format(text=text, why=problem.why))
    if to.literal is not None:
        return literal_route(to, to.literal, step="3.1")
    if to.port is not None:
        return (yield from _by_address(to.host, to.host, to.port, step="3.2"))
    return (yield from _by_srv(to.host, _DELEGATED_STEPS))


def _by_srv(host: str, steps: tuple[str, str, str]) -> Asking:
    """query_srv_record: whatever goes wrong, the next name is asked."""
    for service, step in zip((SRV, SRV_DEPRECATED), steps, strict=False):
        match (yield from look_up_srv(f"{service}.{host}", step)):
            case Services(records=(first, *_rest)):
                return (yield from _by_address(host, first.target, first.port, step=step))
            case _:
                pass
    return (yield from _by_address(host, host, PORT, step=steps[2]))


def _by_address(host: str, target: str, port: int, *, step: str) -> Asking:
    if target == ROOT:
        return NoRoute(step, _('the SRV target is ".", which is no host'))
    match (yield from look_up_addresses(target, step)):
        case Addresses(addresses):
            return Route(
                step=step,
                targets=(Target(target, port, preferred(addresses)),),
                host_header=host_header(host, port),
                sni=host,
                certificate_name=host,
            )
        case nothing:
            return no_addresses(target, nothing, step)
