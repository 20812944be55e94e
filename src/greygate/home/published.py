"""DNS asked for everything that the plan publishes: at the zones' own servers, and at resolvers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from greygate.home.half import Home
from greygate.plan.published import State, Verdict, judged
from greygate.plan.records import RecordSet, record_sets, zones
from greygate.plan.seal import unsealed
from greygate.probe.authority import authorities, guards
from greygate.probe.dns import Resolver
from greygate.spec.dns import Signing, Unanswered
from greygate.text import _

AT_ONCE = 8  # questions under way


@dataclass(frozen=True, slots=True)
class Signed:
    """How one zone is signed, as one resolver tells."""

    zone: str
    server: str
    state: Signing | Unanswered


@dataclass(frozen=True, slots=True)
class Published:
    """What was found, and what would seal the site where it is not sealed."""

    verdicts: tuple[Verdict, ...]
    unsealed: str | None
    signed: tuple[Signed, ...] = ()

    @property
    def right(self) -> bool:
        bogus = any(it.state is Signing.BOGUS for it in self.signed)
        return self.unsealed is None and not bogus and not any(it.harms for it in self.verdicts)


@dataclass(frozen=True, slots=True)
class Server:
    """One that is asked."""

    name: str
    resolver: Resolver


def look(home: Home, resolvers: Sequence[Server]) -> Published:
    """Ask for every record set; the first of `resolvers` is also asked who serves the zones."""
    sets = record_sets(home.site, home.plan)
    own = {zone.name: _own(zone.name, resolvers[0]) for zone in zones(sets)}
    asked = [(it, server) for it in sets for server in (*own[it.zone.name], *resolvers)]
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        verdicts = list(pool.map(lambda pair: _asked(*pair), asked))
        pairs = [(zone, server) for zone in own for server in resolvers]
        signed = list(pool.map(lambda pair: _signed(*pair), pairs))
    return Published(
        verdicts=(*_undelegated(sets, own), *verdicts),
        unsealed=not_sealed(home, resolvers[0]),
        signed=tuple(signed),
    )


def not_sealed(home: Home, server: Server) -> str | None:
    """What would seal the site; None where it is sealed."""
    return guards(server.resolver, unsealed(home.site))


def _own(zone: str, first: Server) -> tuple[Server, ...]:
    found = authorities(first.resolver, zone)
    if isinstance(found, Unanswered):
        return ()
    return tuple(Server(name, resolver) for name, resolver in found)


def _asked(records: RecordSet, server: Server) -> Verdict:
    return judged(records, server.name, server.resolver.texts(records.name, records.type))


def _signed(zone: str, server: Server) -> Signed:
    return Signed(zone, server.name, server.resolver.signing(zone))


def _undelegated(
    sets: tuple[RecordSet, ...], own: dict[str, tuple[Server, ...]]
) -> Iterator[Verdict]:
    """A zone that nobody serves is told once, by its first record set."""
    for name, servers in own.items():
        if not servers:
            first = next(it for it in sets if it.zone.name == name)
            why = _("nobody is known to serve the zone {zone}").format(zone=name)
            yield Verdict(first, name, State.UNTOLD, why)
