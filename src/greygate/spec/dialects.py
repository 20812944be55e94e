"""Who resolves server names how, and what it changes for one server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from greygate.spec.continuwuity_discovery import continuwuity_delegation, continuwuity_route_to
from greygate.spec.delegation import Undelegated, WellKnownAnswer, delegation
from greygate.spec.dendrite_discovery import dendrite_delegation, dendrite_route_to
from greygate.spec.discovery import Asking, NoRoute, Route, route_to
from greygate.spec.dns import Address
from greygate.spec.server_name import ServerName
from greygate.spec.synapse_discovery import is_blocked, synapse_delegation, synapse_route_to
from greygate.spec.tuwunel_discovery import tuwunel_delegation, tuwunel_route_to
from greygate.text import _, listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One way to resolve server names."""

    name: str
    title: str
    route_to: Callable[[ServerName], Asking]
    delegation: Callable[[WellKnownAnswer], object | Undelegated]  # what it reads in the document
    blocks: Callable[[Address], bool] = lambda _address: False  # where it never connects to
    only_read: bool = False  # known from its code alone; no test has asked the program


SPECIFICATION = Dialect(
    name="spec", title=_("the specification"), route_to=route_to, delegation=delegation
)
SYNAPSE = Dialect(
    name="synapse",
    title="Synapse",
    route_to=synapse_route_to,
    delegation=synapse_delegation,
    blocks=is_blocked,
)
DENDRITE = Dialect(
    name="dendrite",
    title="Dendrite",
    route_to=dendrite_route_to,
    delegation=dendrite_delegation,
    only_read=True,
)
CONTINUWUITY = Dialect(
    name="continuwuity",
    title=_("continuwuity and conduit"),
    route_to=continuwuity_route_to,
    delegation=continuwuity_delegation,
    only_read=True,
)
TUWUNEL = Dialect(
    name="tuwunel",
    title="tuwunel",
    route_to=tuwunel_route_to,
    delegation=tuwunel_delegation,
    only_read=True,
)
DIALECTS = (SPECIFICATION, SYNAPSE, DENDRITE, CONTINUWUITY, TUWUNEL)


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


def blocked(dialect: Dialect, outcome: Route | NoRoute) -> tuple[Address, ...]:
    """The addresses to which the dialect's program does not connect unless it is told to."""
    if isinstance(outcome, NoRoute):
        return ()
    return tuple(it for target in outcome.targets for it in target.addresses if dialect.blocks(it))


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
