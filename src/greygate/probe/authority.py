"""The servers that have the last word on a zone, found and asked one by one."""

from __future__ import annotations

from typing import TypeVar

from greygate.probe.dns import PORT, Resolver
from greygate.spec.caa import Asking, answered
from greygate.spec.dns import Absent, Addresses, Texts, Unanswered

MOST = 6  # servers of one zone that are asked
PATIENCE = 5.0  # seconds for each

R = TypeVar("R")


def authorities(resolver: Resolver, zone: str) -> tuple[tuple[str, Resolver], ...] | Unanswered:
    """The zone's name servers, each by its name; none where nobody has delegated it."""
    match resolver.texts(zone, "NS"):
        case Unanswered() as untold:
            return untold
        case Absent():
            return ()
        case Texts(values=names):
            found = [(name, _server(resolver, name)) for name in names[:MOST]]
            return tuple((name, server) for name, server in found if server is not None)


def guards(resolver: Resolver, asking: Asking[R]) -> R:
    """What comes of questions about CAA when that resolver answers them."""
    return answered(asking, lambda question: resolver.texts(question.name, "CAA"))


def _server(resolver: Resolver, name: str) -> Resolver | None:
    """Asks that one server, by whichever of its addresses this machine has a way to."""
    match resolver.addresses(name):
        case Addresses(addresses=(first, *others)):
            return Resolver((first, PORT), others=others, patience=PATIENCE)
        case _:
            return None
