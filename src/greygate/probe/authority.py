"""The servers that have the last word on a zone, found and asked one by one."""

from __future__ import annotations

from greygate.probe.dns import PORT, Resolver
from greygate.spec.dns import Absent, Addresses, TextAnswer, Texts, Unanswered

MOST = 6  # servers of one zone that are asked
PATIENCE = 5.0  # seconds for each


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


def guards(name: str, resolver: Resolver) -> tuple[TextAnswer, ...]:
    """The CAA records of a name and of all above it, the name's first (RFC 8659, 3)."""
    labels = name.lower().split(".")
    above = (".".join(labels[place:]) for place in range(len(labels)))
    return tuple(resolver.texts(each, "CAA") for each in above)


def _server(resolver: Resolver, name: str) -> Resolver | None:
    """Asks that one server, by whichever of its addresses this machine has a way to."""
    match resolver.addresses(name):
        case Addresses(addresses=(first, *others)):
            return Resolver((first, PORT), others=others, patience=PATIENCE)
        case _:
            return None
