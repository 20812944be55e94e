"""What bars our traffic on this machine: its packet filters looked at, and judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from greygate.plan.barriers import Barrier, Passage, barriers, home_passages
from greygate.plan.plan import Plan
from greygate.probe import firewall
from greygate.probe.answers import NoAnswer
from greygate.site.model import Node, Site
from greygate.spec import filter_listing
from greygate.text import _

BarriersAnswer = tuple[Barrier, ...] | NoAnswer


def at_home(site: Site, plan: Plan) -> BarriersAnswer:
    """What bars people, edges, and our own questions."""
    if site.overlay.node is Node.LOOPBACK:
        return ()
    return look(home_passages(site, plan, firewall.uplinks()))


def look(passages: Iterable[Passage]) -> BarriersAnswer:
    """What bars them; NoAnswer where we may not look, or cannot read what is there."""
    listings = firewall.listings()
    return listings if isinstance(listings, NoAnswer) else judge(listings, passages)


def judge(listings: Mapping[str, str], passages: Iterable[Passage]) -> BarriersAnswer:
    """The same of filters that somebody else has listed."""
    try:
        return barriers(filter_listing.tables(listings), passages)
    except (ValueError, LookupError, TypeError, AttributeError) as problem:  # another nft's words
        return NoAnswer(_("cannot read the rules: {why}").format(why=repr(problem)))
