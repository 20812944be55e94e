"""What must be published in DNS so that servers and people find this one, zone by zone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from greygate.plan.challenges import (
    CHALLENGE,
    led_to_edges,
    needs_guard,
    place_of,
    serving,
)
from greygate.plan.plan import Plan
from greygate.site.defaults import certified, zone_of
from greygate.site.model import Address, Edge, Editor, Layout, Node, Site, Source, Zone
from greygate.site.zones import is_in
from greygate.text import _

TTL = 3600  # seconds
EDGE_TTL = 300  # seconds: a moved edge is found again as soon
WEIGHT = 10  # RFC 2782: not 0, which means "hardly ever" beside others
# Step 4 of the specification's "Resolving server names", and step 5, which some programs ask alone.
SERVICES = ("_matrix-fed._tcp", "_matrix._tcp")
# 8448 first: on 443 an edge may have another web server, whose certificate would be the wrong one.
SRV_PORTS = (8448, 443)


class Need(Enum):
    """How much depends on a record set."""

    MUST = "must"
    ADVISED = "advised"
    ABSENT = "absent"  # there must be none
    UNBARRED = "unbarred"  # CAA: none need be there, but what is must not bar our authority


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSet:
    """All records of one type that a name has; names are absolute and have no dot at their end."""

    zone: Zone
    name: str
    type: str
    values: tuple[str, ...]  # as RFC 1035 and its like write them, but for the dot
    why: str
    need: Need = Need.MUST
    may_alias: bool = False  # a CNAME that leads to the values does as well
    ttl: int = TTL


def record_sets(site: Site, plan: Plan) -> tuple[RecordSet, ...]:
    """Every record set of the plan, the server name's first."""
    federating = (*_services(site), *_server_name(site, plan)) if _edges(site) else ()
    reached = (*_client_name(site, plan), *_edge_names(site))
    proved = (*_challenges(site, plan), *_own_dns(site), *_caa(site))
    found = (*federating, *reached, *proved)
    return tuple(it for it in found if it.zone.editor is not Editor.ALFIS or it.type != "CAA")


def zones(sets: tuple[RecordSet, ...]) -> tuple[Zone, ...]:
    """The zones that they are in, in their order."""
    return tuple(dict.fromkeys(it.zone for it in sets))


def unguarded(site: Site, name: str) -> bool:
    """Whether the name's zone is edited where there is no CAA."""
    return zone_of(site, name).editor is Editor.ALFIS


def guard(site: Site) -> str | None:
    """The CAA property that lets one account, by DNS-01 alone, order certificates (RFC 8657)."""
    certificates = site.certificates
    if certificates.issuer is None:
        return None
    # Without blanks, which the grammar allows: some providers' interfaces split values at them.
    account = f";accounturi={certificates.account}" if certificates.account else ""
    issuer = certificates.issuer.lower()  # a domain name, but some authorities compare octets
    return f'0 issue "{issuer}{account};validationmethods=dns-01"'


def _edges(site: Site) -> tuple[Edge, ...]:
    """Those that are published, keyed or not: no record holds a key. Loopback has none."""
    return () if site.overlay.node is Node.LOOPBACK or not site.federation else site.edges


def permissions(site: Site, sets: Iterable[RecordSet]) -> tuple[RecordSet, ...]:
    """CAA at the names of our certificate that the plan has none for: needed where CAA records
    that are theirs, or that they inherit, shut our authority out."""
    wanted = guard(site)
    planned = {it.name for it in sets if it.type == "CAA"}
    if wanted is None or site.certificates.source is Source.OWN:
        return ()
    why = _("CAA there lets our authority issue nothing")
    names = dict.fromkeys(it.lower() for it in certified(site))
    return tuple(
        _set(site, name, "CAA", (wanted,), why, need=Need.UNBARRED)
        for name in names
        if name not in planned and not unguarded(site, name)
    )


def _services(site: Site) -> Iterator[RecordSet]:
    values = tuple(
        f"{edge.priority + place} {WEIGHT} {port} {edge.name.lower()}"
        for edge in site.edges
        for place, port in enumerate(SRV_PORTS)
    )
    for service in SERVICES:
        yield _set(
            site,
            f"{service}.{site.server_name.host}",
            "SRV",
            values,
            _("other servers find the edge by it; both spellings are asked for"),
        )


def _server_name(site: Site, plan: Plan) -> Iterator[RecordSet]:
    host, layout = site.server_name.host, site.names.layout
    match layout:
        case Layout.CLEARNET:
            addresses = [it for edge in site.edges for it in edge.addresses]
            why = _("layout clearnet: it leads to the edge")
            yield from _addresses(site, host, addresses, why)
        case Layout.OVERLAY:
            why = _("layout overlay: apps may be given the server name")
            yield _set(site, host, "AAAA", _texts(plan.addresses), why)
            yield _none(site, host, "A", _("beside an overlay address apps would race the two"))
        case Layout.NONE:
            for kind in ("A", "AAAA"):
                yield _none(site, host, kind, _("layout none: SRV alone leads to this server"))


def _client_name(site: Site, plan: Plan) -> Iterator[RecordSet]:
    if site.names.client.lower() == site.server_name.host.lower() and _edges(site):
        return  # in layout overlay the two may be one, and it has been told
    why = _("people's apps connect to it, over the overlay")
    over = _set(site, site.names.client, "AAAA", _texts(plan.addresses), why)
    yield replace(over, may_alias=True)
    yield _none(site, site.names.client, "A", _("people come over the overlay only"))


def _edge_names(site: Site) -> Iterator[RecordSet]:
    for edge in _edges(site):
        why = _("where {edge} is; only this changes when it moves").format(edge=edge.id)
        yield from _addresses(site, edge.name, edge.addresses, why)


def _challenges(site: Site, plan: Plan) -> Iterator[RecordSet]:
    for name, target in plan.aliases:
        why = _("by it the certificate is ordered and renewed, without another word to this zone")
        yield _set(site, name, "CNAME", (target,), why)


def _caa(site: Site) -> Iterator[RecordSet]:
    wanted = guard(site)
    if wanted is None or not _edges(site):
        return
    host, client = site.server_name.host.lower(), site.names.client.lower()
    guarded = needs_guard(site)
    why = _("nobody else can get a certificate for it, the edge's owner least of all")
    names = (host,) if is_in(client, host) else (host, client)
    apart = tuple(it for it in guarded if not any(is_in(it, name) for name in names))
    for name in (*names, *apart):
        needed = any(is_in(it, name) for it in guarded)  # those below inherit it
        need = Need.MUST if needed else Need.ADVISED
        yield _set(site, name, "CAA", (wanted,), why, need=need)


def _own_dns(site: Site) -> Iterator[RecordSet]:
    """What leads certificate authorities to the name server of an edge."""
    for name, zone in led_to_edges(site):
        why = _("{edge} answers its challenges; typed once, and never again").format(edge=zone.edge)
        yield _set(site, f"{CHALLENGE}.{name}", "CNAME", (place_of(name, zone),), why)
    names = {edge.id: edge.name.lower() for edge in site.edges}
    for edge, zone_name in serving(site).items():
        why = _("{edge} is the name server for challenges, and for nothing else").format(edge=edge)
        yield _set(site, zone_name, "NS", (names[edge],), why)


def _set(
    site: Site,
    name: str,
    kind: str,
    values: tuple[str, ...],
    why: str,
    *,
    need: Need = Need.MUST,
) -> RecordSet:
    small = name.lower()
    zone = zone_of(site, small)
    return RecordSet(zone=zone, name=small, type=kind, values=values, why=why, need=need)


def _none(site: Site, name: str, kind: str, why: str) -> RecordSet:
    return _set(site, name, kind, (), why, need=Need.ABSENT)


def _addresses(
    site: Site, name: str, addresses: Iterable[Address], why: str
) -> Iterator[RecordSet]:
    """Both families: who is led to one that nobody serves waits until he tries the other."""
    by_version = {4: list[str](), 6: list[str]()}
    for it in addresses:
        by_version[it.version].append(str(it))
    for kind, version in (("A", 4), ("AAAA", 6)):
        if values := tuple(by_version[version]):
            yield replace(_set(site, name, kind, values, why), ttl=EDGE_TTL)
        else:
            no_such = _("the site file has no IPv{version} address for it")
            yield replace(_none(site, name, kind, no_such.format(version=version)), ttl=EDGE_TTL)


def _texts(addresses: tuple[Address, ...]) -> tuple[str, ...]:
    return tuple(str(it) for it in addresses if it.version == 6)
