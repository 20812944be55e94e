"""After an edge has joined: wait until other servers come in through it."""

from __future__ import annotations

import time

from greygate.home.half import Home
from greygate.plan.edges import EdgeLink
from greygate.progress import Progress
from greygate.run import federation, status
from greygate.run.runner import runner_here
from greygate.run.seen import Reach, Verdict
from greygate.text import _

WITHIN = 75.0  # seconds; 2 measured, and a lost peering is dialled anew after 65 at most
EVERY = 0.5


def await_link(home: Home, link: EdgeLink, progress: Progress) -> Reach:
    """What came of it: YES as soon as a request has come through the edge to Synapse."""
    if runner_here(home.plan, home.units) is None:
        return Reach(
            Verdict.UNKNOWN, _("home does not run, and it is home that dials"), "greygate install"
        )
    ends_at = time.monotonic() + WITHIN
    with progress.step(_("waiting until home sees {edge}").format(edge=link.edge.id)):
        reach = _reach(home, link)
        while not reach.reachable and time.monotonic() < ends_at:
            time.sleep(EVERY)
            reach = _reach(home, link)
    return reach


def _reach(home: Home, link: EdgeLink) -> Reach:
    return federation.through(home.site, link, status.see(home.site, home.plan, home.units))
