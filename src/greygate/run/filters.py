"""What bars our traffic on this machine: its packet filters looked at, and judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from greygate.plan.barriers import Barrier, Passage, barriers, home_passages
from greygate.plan.plan import Plan
from greygate.probe import firewall
from greygate.probe.answers import NoAnswer
from greygate.site.model import Node, Site
from greygate.spec import filter_listing
from greygate.spec.packet_filter import Uplink
from greygate.text import _

BarriersAnswer = tuple[Barrier, ...] | NoAnswer


def at_home(site: Site, plan: Plan) -> BarriersAnswer:
    """What bars people, edges, and our own questions."""
    if site.overlay.node is Node.LOOPBACK:
        return ()
    return look(lambda uplinks: home_passages(site, plan, uplinks))


def look(passages: Callable[[tuple[Uplink, ...]], Iterable[Passage]]) -> BarriersAnswer:
    """What bars them; NoAnswer where we may not look, or cannot read what is there."""
    listings = firewall.listings()
    if isinstance(listings, NoAnswer):
        return listings
    try:
        return barriers(filter_listing.tables(listings), passages(firewall.uplinks()))
    except (ValueError, LookupError, TypeError, AttributeError) as problem:  # another nft's words
        return NoAnswer(_("cannot read the rules: {why}").format(why=repr(problem)))
