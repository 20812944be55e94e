"""Orders in processes of their own: to be killed, or to have another clock."""

from __future__ import annotations

import os
import subprocess
import sys

from some_orders import Orders

ISSUING = """
import os, signal, sys
from dataclasses import replace
from ipaddress import ip_address
from pathlib import PurePosixPath
from datetime import timedelta
from greygate.certs import renewal
from greygate.certs.issue import Ordering, issue
from greygate.plan.paths import Paths
from greygate.probe.dns import Resolver
from greygate.site.model import Challenge, Zone
from some_orders import Watching, site
directory, state, resolver, acme_dns, when, renewing = sys.argv[1:]
zones = tuple(
    Zone(it, challenge=Challenge.ACME_DNS, acme_dns=acme_dns)
    for it in ("twinkle.example", "other.example")
)
ordering = Ordering(
    site=site(directory, zones),
    paths=Paths.below(PurePosixPath(state), PurePosixPath(state) / "run"),
    authority=directory,
    resolvers=(("unbound", Resolver((ip_address(resolver), 53))),),
    accounts=False,
)
watching = Watching(when, lambda: os.kill(os.getpid(), signal.SIGKILL))
if renewing == "True":
    ahead = timedelta(hours=1)
    done = renewal.keep(ordering, watching, ahead=ahead, reload=lambda: None)
    print(f"orders: {len(done.orders)}")
else:
    issue(ordering, watching)
"""


def issuing(
    acme: Orders, when: str = "nothing", *, by: tuple[str, ...] = (), renewing: bool = False
) -> subprocess.CompletedProcess[str]:
    """An order in a process of its own, killed `when` it is so far; `by` runs its Python.

    `renewing`: all orders that fall due within an hour, and their number.
    """
    world = (acme.ordering.authority, str(acme.paths.state), acme.rig.resolver)
    program = (*by, sys.executable, "-c", ISSUING, *world, acme.rig.acme_dns, when, str(renewing))
    told = {**os.environ, "PYTHONPATH": os.pathsep.join(it for it in sys.path if it)}
    return subprocess.run(program, env=told, capture_output=True, text=True, check=False)
