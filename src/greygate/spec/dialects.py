"""Who resolves server names how, and what it changes for one server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from greygate.spec.conduit_discovery import conduit_delegation, conduit_route_to
from greygate.spec.delegation import Undelegated, WellKnownAnswer, delegation
from greygate.spec.discovery import Asking, NoRoute, Route, route_to
from greygate.spec.dns import Address
from greygate.spec.server_name import ServerName
from greygate.spec.synapse_discovery import synapse_delegation, synapse_route_to
from greygate.text import _, listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way to resolve server names."""

    name: str
    title: str
    route_to: Callable[[ServerName], Asking]
    delegation: Callable[[WellKnownAnswer], object | Undelegated]  # what it reads in the document


SPECIFICATION = Dialect(
    name="spec", title=_("the specification"), route_to=route_to, delegation=delegation
)
SYNAPSE = Dialect(
    name="synapse", title="Synapse", route_to=synapse_route_to, delegation=synapse_delegation
)
CONDUIT = Dialect(
    name="conduit",
    title=_("the conduit family"),
    route_to=conduit_route_to,
    delegation=conduit_delegation,
)
DIALECTS = (SPECIFICATION, SYNAPSE, CONDUIT)


def differences(specified: Route | NoRoute, other: Route | NoRoute) -> tuple[str, ...]:
    """What is otherwise for those who go the other way, a sentence each."""
    match specified, other:
        case Route(), NoRoute(why=why):
            return (_("finds no way: {why}").format(why=why),)
        case NoRoute(), Route(step=step):
            found = _("finds a way all the same (step {step}): {places}")
            return (found.format(step=step, places=listing(map(shown, places(other)))),)
        case Route(), Route():
            return (*_other_places(specified, other), *_other_names(specified, other))
        case _:
            return ()


def places(route: Route) -> tuple[tuple[Address, int], ...]:
    """Every address and port, in the order in which they are tried."""
    return tuple((it, target.port) for target in route.targets for it in target.addresses)


def shown(place: tuple[Address, int]) -> str:
    """`192.0.2.1:8448`, `[2001:db8::1]:8448`"""
    address, port = place
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"


def _other_places(specified: Route, other: Route) -> tuple[str, ...]:
    wanted, seen = places(specified), places(other)
    if set(seen) == set(wanted):
        return ()
    told = _("connects to {seen}") if set(seen) - set(wanted) else _("connects only to {seen}")
    return (told.format(seen=listing(map(shown, seen))),)


def _other_names(specified: Route, other: Route) -> tuple[str, ...]:
    rows = (
        ("Host", specified.host_header, other.host_header),
        ("SNI", specified.sni or _("none"), other.sni or _("none")),
        (_("certificate for"), specified.certificate_name, other.certificate_name),
    )
    told = _("{what}: {seen} instead of {wanted}")
    return tuple(
        told.format(what=what, seen=seen, wanted=wanted)
        for what, wanted, seen in rows
        if seen != wanted
    )
