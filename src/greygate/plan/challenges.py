"""Names that are proved by a name server on an edge, and names that somebody there could prove."""

from __future__ import annotations

from greygate.site.defaults import certified, challenge_zone_of
from greygate.site.model import Challenge, Layout, Site, Source, Zone
from greygate.site.zones import CHALLENGE

__all__ = ["CHALLENGE", "led_to_edges", "needs_guard", "place_of", "serving"]


def led_to_edges(site: Site) -> tuple[tuple[str, Zone], ...]:
    """The names whose challenges lead to an edge, each with its zone, which says to which."""
    if site.certificates.source is not Source.ACME:
        return ()
    found = ((name.lower(), challenge_zone_of(site, name)) for name in certified(site))
    return tuple((name, zone) for name, zone in found if zone.challenge is Challenge.OWN_DNS)


def place_of(name: str, zone: Zone) -> str:
    """Where the challenge of a name is answered, on the edge that its zone says."""
    return f"{name}.{zone.challenge_zone}"


def serving(site: Site) -> dict[str, str]:
    """The edges that are name servers, each with its zone."""
    return {
        zone.edge: zone.challenge_zone
        for _name, zone in led_to_edges(site)
        if zone.edge is not None and zone.challenge_zone is not None
    }


def needs_guard(site: Site) -> tuple[str, ...]:
    """The names of ours that somebody on an edge could prove, were it not for CAA.

    By the edge's address in layout clearnet, by the edge's name server with own-dns. An edge's own
    name is not among them where it answers for that itself: it is the edge's, whatever anybody
    publishes; that of another edge is.
    """
    if not site.federation:
        return ()
    host, edges = site.server_name.host.lower(), {it.id: it.name.lower() for it in site.edges}
    by_address = (host,) if site.names.layout is Layout.CLEARNET else ()
    by_name = (name for name, zone in led_to_edges(site) if name != edges.get(zone.edge or ""))
    return tuple(dict.fromkeys((*by_address, *by_name)))
