"""`greygate status`: is it up, who can reach it, and what is missing."""

from __future__ import annotations

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.text import _

UNHEALTHY = 1


def command(*, common: Common = NONE) -> int:
    """Tell whether the server is up, whether people can reach it, and whether it federates.

    Ends with 0 where people can reach it, other servers too if it federates, and the firewall is
    in place; with 1 where not or where we cannot tell, with 3 where there is no server yet.
    """
    from greygate.home import agents
    from greygate.run import report
    from greygate.run.status import look

    running = common.running()
    home = running.home
    with output.Steps().look(_("looking at the server and its edges")):
        seen = look(home.site, home.plan, home.units, agents=lambda: agents.look(home))
    instead = running.instead and running.instead.what
    told = {**report.to_json(seen), "in_force_because": instead}
    output.emit(told, as_json=common.json, text="\n".join(report.lines(seen)))
    return 0 if report.is_well(seen) else UNHEALTHY
