"""Where a name's challenge leads: followed at the zones' own servers, as the authority will.

A resolver is asked for nothing that is about to be written: it would remember that it is not
there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from greygate.certs.dns01.solver import Solver
from greygate.certs.missing import PREFIX, Missing
from greygate.errors import Trouble
from greygate.plan.spelling import spelled_name, title
from greygate.probe.authority import (
    NoZone,
    Servers,
    ZoneServers,
    child_zone,
    from_wildcard,
    zone_servers,
)
from greygate.probe.dns import Resolver
from greygate.site.model import Challenge, Zone
from greygate.site.zones import is_in
from greygate.spec.dns import ROOT, Absence, Absent, TextAnswer, Texts, Unanswered, bare
from greygate.text import _, listing

LONGEST = 8  # aliases in a row; resolvers give up after about as many


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One name that is to be proved, and where the value for it is written."""

    name: str
    zone: Zone
    solver: Solver
    place: str
    servers: Servers  # that have the last word on the place
    unhelpful: tuple[str, ...] = ()  # resolvers that did not tell who they are

    @property
    def challenge(self) -> str:
        return f"{PREFIX}.{self.name}"


def find(name: str, zone: Zone, solver: Solver, resolvers: Servers) -> Proof | Missing:
    """Where a value for `name` is to be written."""
    challenge, wanted = f"{PREFIX}.{bare(name)}", solver.alias(f"{PREFIX}.{bare(name)}")
    place, ways = challenge, [challenge]
    while True:
        held = servers_of(place, resolvers)
        if isinstance(held, Missing):
            return held
        led = _led(place, held.servers)
        if isinstance(led, Missing):
            return led
        if led is None:
            break
        if led in ways or len(ways) > LONGEST:
            return Missing(
                _("the aliases of {name} lead in a circle").format(name=challenge),
                _cname(zone, challenge, wanted),
            )
        ways.append(place := led)
    in_zone = wanted is None or place == challenge  # elsewhere is where it should lead
    if in_zone and is_in(place, zone.name) and not is_in(zone.name, held.zone):
        return _elsewhere(held)
    if wanted is not None and place != bare(wanted):
        return _astray(zone, challenge, wanted, seen=ways[1:])
    return Proof(
        name=bare(name),
        zone=zone,
        solver=solver,
        place=place,
        servers=held.servers,
        unhelpful=held.unhelpful,
    )


def servers_of(name: str, resolvers: Servers) -> ZoneServers | Missing:
    """The servers that have the last word on the name: it may be a zone of its own."""
    held = zone_servers(resolvers, name.partition(".")[2])
    if isinstance(held, NoZone):
        known = _("register its domain first")
        broken = _("see that its name servers run, and that the zone above names them")
        return Missing(str(held), known if held.is_known else broken)
    held = child_zone(held.servers, resolvers, name) or held
    if held.servers:
        return held
    why = listing(f"{server}: {it}" for server, it in held.faults)
    return Missing(
        _("nobody can be asked about the zone {zone}: {why}").format(zone=held.zone, why=why),
        _("see that the zone above names its servers, and has their addresses"),
    )


def at_cut(zone: Zone, resolvers: Servers) -> Zone:
    """The zone by the cut that encloses its name: whoever writes it knows it by that."""
    if zone.challenge not in (Challenge.RFC2136, Challenge.LEXICON):
        return zone
    held = zone_servers(resolvers, zone.name)
    return replace(zone, name=held.zone) if isinstance(held, ZoneServers) else zone


def ask(servers: Servers, question: Callable[[Resolver], TextAnswer]) -> tuple[TextAnswer, ...]:
    """One question to all of them side by side: a silent one costs the others nothing."""
    with ThreadPoolExecutor(max_workers=len(servers)) as pool:
        return tuple(pool.map(lambda server: question(server[1]), servers))


def demand(found: Iterable[Proof | Missing]) -> tuple[Proof, ...]:
    """The proofs; Trouble that names everything that is missing, each with its cure."""
    all_ = tuple(found)
    missing = [it for it in all_ if isinstance(it, Missing)]
    if missing:
        raise Trouble(
            _("cannot order a certificate: {what}").format(
                what="; ".join(dict.fromkeys(it.what for it in missing))
            ),
            "\n          ".join(dict.fromkeys(it.cure for it in missing)),
        )
    return tuple(it for it in all_ if isinstance(it, Proof))


def _led(name: str, servers: Servers) -> str | Missing | None:
    """Where the alias there leads; None where there is none. Every server must say the same."""
    answers = ask(servers, lambda it: _own_alias(it, name))
    told = {server: it for (server, _resolver), it in zip(servers, answers, strict=True)}
    answered = {server: _target(it) for server, it in told.items() if _was_told(it)}
    if not answered:
        why = "; ".join(f"{server}: {it}" for server, it in told.items())
        return Missing(
            _("the name servers of {name} do not answer ({why})").format(name=name, why=why),
            _("see that they run, and that port 53 is open, UDP and TCP"),
        )
    if len(set(answered.values())) > 1:
        words = (f"{it}: {where or _('no CNAME')}" for it, where in answered.items())
        return Missing(
            _("the name servers do not agree on {name} ({words})").format(
                name=name, words=", ".join(words)
            ),
            _("wait until all of them have the new zone; else see its transfer"),
        )
    return next(iter(answered.values()))


def _own_alias(server: Resolver, name: str) -> TextAnswer:
    """Not what `*` answers: the value that is written there ends it (RFC 4592)."""
    answer = server.texts(name, "CNAME")
    if from_wildcard(server, name, "CNAME", answer):
        return Absent(Absence.NO_NAME)
    return answer


def _was_told(answer: TextAnswer) -> bool:
    return not isinstance(answer, Unanswered)


def _target(answer: TextAnswer) -> str | None:
    return bare(answer.values[0]) if isinstance(answer, Texts) else None


def _elsewhere(held: ZoneServers) -> Missing:
    """The zone that the site file names ends above the place."""
    servers = listing(server for server, _resolver in held.servers)
    return Missing(
        _("{zone} is a zone of its own, at {servers}: nothing is written there").format(
            zone=held.zone, servers=servers
        ),
        _('write [[zone]] with name = "{zone}", and how it is written; or delete its NS').format(
            zone=held.zone
        ),
    )


def _astray(zone: Zone, challenge: str, wanted: str, *, seen: Sequence[str]) -> Missing:
    if not seen:
        what = _("there is no CNAME at {name}").format(name=challenge)
    else:
        what = _("the CNAME at {name} leads to {seen}, not to {wanted}").format(
            name=challenge, seen=listing(seen), wanted=bare(wanted)
        )
    return Missing(what, _cname(zone, challenge, wanted))


def _cname(zone: Zone, challenge: str, wanted: str | None) -> str:
    """What to type, as the zone's editor wants it."""
    if wanted is None:
        return _("take the CNAME at {name} away").format(name=challenge)
    dot = "" if zone.editor.value == "alfis" else ROOT
    return _("publish in {zone}: name {name}  type CNAME  value {value}").format(
        zone=title(zone), name=spelled_name(zone, challenge), value=f"{bare(wanted)}{dot}"
    )
