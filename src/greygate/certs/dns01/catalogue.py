"""Which solver a zone has: the plain list."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from greygate.certs.dns01 import acme_dns, manual, own_dns, zone_writer
from greygate.certs.dns01.solver import Solver
from greygate.plan.paths import Paths
from greygate.progress import Progress
from greygate.site.model import Challenge, Zone

SOLVERS: Mapping[Challenge, Callable[[Zone, Paths, Progress], Solver]] = {
    Challenge.ACME_DNS: acme_dns.solver,
    Challenge.RFC2136: zone_writer.solver,
    Challenge.LEXICON: zone_writer.solver,
    Challenge.OWN_DNS: own_dns.solver,
    Challenge.MANUAL: manual.solver,
}


def solver_for(zone: Zone, paths: Paths, progress: Progress) -> Solver:
    """The solver of a zone whose challenges have one; the parser demands it of ours."""
    assert zone.challenge is not None, f"nobody answers the challenges of {zone.name}"
    return SOLVERS[zone.challenge](zone, paths, progress)
