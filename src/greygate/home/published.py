"""DNS asked for everything that the plan publishes: at the zones' own servers, and at resolvers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from greygate.home.half import Home
from greygate.plan.caa_judge import Found, judge_caa
from greygate.plan.published import State, Verdict, judged
from greygate.plan.records import Need, RecordSet, permissions, record_sets, zones
from greygate.plan.seal import unsealed
from greygate.probe.authority import (
    NoZone,
    Resolvers,
    ZoneServers,
    first_answer,
    from_wildcard,
    own_answer,
    redirection,
    zone_servers,
)
from greygate.probe.dns import Resolver
from greygate.site.zones import is_in
from greygate.spec.caa import LookUpCaa, Relevant, answered, relevant
from greygate.spec.dns import Absent, Failure, Signing, TextAnswer, Texts, Unanswered
from greygate.text import _

AT_ONCE = 8  # questions under way
NO_USE = (Failure.SILENCE, Failure.NO_WAY, Failure.REFUSED)  # of a resolver, whatever is asked


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
    by_zone: Mapping[str, ZoneServers] = field(default_factory=dict)  # by the plan's zone
    unusable: tuple[tuple[str, Unanswered], ...] = ()  # resolvers that were not asked further

    @property
    def right(self) -> bool:
        bogus = any(it.state is Signing.BOGUS for it in self.signed)
        lame = any(it.broken for it in self.by_zone.values())
        harm = any(it.harms for it in self.verdicts)
        return self.unsealed is None and not (bogus or lame or harm)


@dataclass(frozen=True, slots=True)
class Server:
    """One that is asked."""

    name: str
    resolver: Resolver
    zone: str | None = None  # the zone cut that it serves; None for a resolver


def look(home: Home, resolvers: Sequence[Server]) -> Published:
    """Ask for every record set; the `resolvers` are asked in turn who serves the zones."""
    sets = record_sets(home.site, home.plan)
    asked = (*sets, *permissions(home.site, sets))
    known = tuple((it.name, it.resolver) for it in resolvers)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        first = asked[0].zone.name  # who is silent is given up once, not in turn
        tried = list(pool.map(lambda it: it.resolver.texts(first, "SOA"), resolvers))
        found = {zone.name: zone_servers(known, zone.name) for zone in zones(asked)}
        by_zone = {name: it for name, it in found.items() if isinstance(it, ZoneServers)}
        useless = {
            server.name: answer
            for server, answer in zip(resolvers, tried, strict=True)
            if isinstance(answer, Unanswered) and answer.failure in NO_USE
        }
        asking = tuple(it for it in resolvers if it.name not in useless)
        world = Sight(by_zone, tuple((it.name, it.resolver) for it in asking), planned_caa(sets))
        pairs = [(it, server) for it in asked for server in (*world.own(it), *asking)]
        verdicts = pool.map(lambda pair: world.verdict(*pair), pairs)
        looks = [(_cut(zone, by_zone), server) for zone in found for server in asking]
        signed = list(pool.map(lambda pair: _signed(*pair), looks))
        return Published(
            verdicts=(*_unserved(sets, found), *(it for it in verdicts if _is_told(it))),
            unsealed=answered(unsealed(home.site), world.caa_answer),
            signed=tuple(signed),
            by_zone=by_zone,
            unusable=tuple(useless.items()),
        )


@dataclass(frozen=True, slots=True)
class Sight:
    """Whom to ask about a name: the zones' own servers, and resolvers for all else."""

    by_zone: Mapping[str, ZoneServers]
    resolvers: Resolvers
    planned_caa: frozenset[str]  # the names that have CAA in the plan

    def own(self, records: RecordSet) -> tuple[Server, ...]:
        found = self.by_zone.get(records.zone.name)
        return () if found is None else tuple(Server(*it, found.zone) for it in found.servers)

    def verdict(self, records: RecordSet, server: Server) -> Verdict:
        verdict = self._judged(records, server)
        return replace(verdict, server=server.name, authoritative=server.zone is not None)

    def caa(self, records: RecordSet, server: Server) -> Found:
        """The CAA records that count for the name, as that server has them; none where it only
        needs not to be barred, and those above, which bar it, are in the plan themselves."""
        found = self._caa(records.name, server)
        if records.need is Need.UNBARRED and isinstance(found, Relevant):
            inherited = found.where != records.name
            return None if inherited and found.where in self.planned_caa else found
        return found

    def _caa(self, name: str, server: Server) -> Found:

        def answer(question: LookUpCaa) -> TextAnswer:
            if server.zone is None:
                return server.resolver.texts(question.name, "CAA")
            if not is_in(question.name, server.zone):
                return first_answer(self.resolvers, question.name, "CAA")
            return self.follow_alias(server.resolver.texts(question.name, "CAA"), "CAA")

        return answered(relevant(name), answer)

    def caa_answer(self, question: LookUpCaa) -> TextAnswer:
        """Of the zone's own server, where it is one of ours."""
        held = [it for it in self.by_zone.values() if it.servers and is_in(question.name, it.zone)]
        if not held:
            return first_answer(self.resolvers, question.name, "CAA")
        nearest = max(held, key=lambda it: len(it.zone))
        return self.follow_alias(first_answer(nearest.servers, question.name, "CAA"), "CAA")

    def followed(self, records: RecordSet, answer: TextAnswer) -> TextAnswer:
        """What stands where an alias leads; that alone, where it is wrong wherever it leads."""
        further = self.follow_alias(answer, records.type)
        wrong = bool(records.values) and not records.may_alias
        return answer if isinstance(further, Unanswered) and wrong else further

    def follow_alias(self, answer: TextAnswer, kind: str) -> TextAnswer:
        """What stands where an alias leads that leaves the zone."""
        if not isinstance(answer, Absent) or not answer.aliases or answer.endless:
            return answer
        match first_answer(self.resolvers, answer.aliases[-1], kind):
            case Texts(values=values, aliases=more):
                return Texts(values, (*answer.aliases, *more))
            case Absent(how, more):
                return Absent(how, (*answer.aliases, *more))
            case Unanswered(failure, detail):
                where = _("where it leads, {name}").format(name=answer.aliases[-1])
                return Unanswered(failure, f"{where}; {detail}" if detail else where)

    def _judged_caa(self, records: RecordSet, server: Server) -> Verdict:
        verdict = judge_caa(records, server.name, self.caa(records, server))
        if verdict.state is not State.WRONG:
            return verdict
        match server.resolver.texts(records.name, "CNAME"):
            case Texts(values=(target,), aliases=()):
                told = _("it leads to {name}, whose CAA counts: change that, or lead it elsewhere")
                return replace(verdict, warning=told.format(name=target))
        return verdict

    def _judged(self, records: RecordSet, server: Server) -> Verdict:
        if records.type == "CAA":
            return self._judged_caa(records, server)
        if server.zone is None:
            answer = server.resolver.texts(records.name, records.type)
            return judged(records, server.name, self.followed(records, answer))
        answer = own_answer(server.resolver, records.name, records.type)
        verdict = judged(records, server.name, self.followed(records, answer))
        if verdict.state not in (State.WRONG, State.UNWANTED):
            return verdict
        if above := redirected(records, answer, server):
            first = _("a DNAME at {name} leads all below it elsewhere: take that away first")
            return replace(verdict, warning=first.format(name=above))
        if verdict.state is State.WRONG or server.zone == records.name:
            return verdict
        told = from_wildcard(server.resolver, records.name, records.type, answer)
        return replace(verdict, wildcard=told)


def planned_caa(sets: Sequence[RecordSet]) -> frozenset[str]:
    return frozenset(it.name for it in sets if it.type == "CAA")


def redirected(records: RecordSet, answer: TextAnswer, server: Server) -> str | None:
    """The name above whose DNAME made the alias that was told: nothing stands below it."""
    aliases = () if isinstance(answer, Unanswered) else answer.aliases
    itself = records.type == "CNAME" and isinstance(answer, Texts)
    if server.zone is None or not (aliases or itself):
        return None
    return redirection(server.resolver, records.name, server.zone)


def _is_told(verdict: Verdict) -> bool:
    """That nobody is barred where nothing was planned is no news."""
    return verdict.records.need is not Need.UNBARRED or verdict.state is not State.RIGHT


def _signed(zone: str, server: Server) -> Signed:
    return Signed(zone, server.name, server.resolver.signing(zone))


def _cut(zone: str, by_zone: Mapping[str, ZoneServers]) -> str:
    return by_zone[zone].zone if zone in by_zone else zone


def _unserved(
    sets: tuple[RecordSet, ...], found: Mapping[str, ZoneServers | NoZone]
) -> Iterator[Verdict]:
    """A zone that nobody serves is told once, by its first record set."""
    for name, servers in found.items():
        records = next((it for it in sets if it.zone.name == name), None)
        if records is None or (isinstance(servers, ZoneServers) and servers.servers):
            continue
        nobody = _("none of its name servers answers for it")
        why = str(servers) if isinstance(servers, NoZone) else nobody
        yield Verdict(records, name, State.UNTOLD, why)
