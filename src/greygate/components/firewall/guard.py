"""What keeps our table in the kernel: the same for home and for an edge."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

from greygate.components.component import File, Task
from greygate.components.template import fill
from greygate.plan.footing import Footing

PROGRAM = "/usr/sbin/nft"
RULES = PurePosixPath("firewall/rules.nft")
GUARD = PurePosixPath("firewall/guard.sh")
# Takes our table away, whether it is there or not.
NO_RULES = "table inet greygate; delete table inet greygate"
# Debian's own, whose files begin with `flush ruleset`.
FLUSHING = ("nftables.service",)


def guard_file(plan: Footing, heading: str) -> File:
    text = fill(
        __package__,
        "guard.sh.tmpl",
        heading=heading,
        kept=shlex.quote(str(plan.paths.firewall)),
        rules=shlex.quote(str(plan.paths.rendered / RULES)),
    )
    return File(GUARD, text)


def guarded(
    plan: Footing,
    description: str,
    *,
    first_down: tuple[tuple[str, ...], ...] = (),
    readers: str | None = None,
) -> Task:
    """The table as a task; `first_down`: what is done while it is still there.

    `readers`: the group that may read what other filters there are.
    """
    guard = ("/bin/sh", str(plan.paths.rendered / GUARD))
    return Task(
        name="firewall",
        description=description,
        up=((*guard, "load"),),
        # No file of the tree: a site without a firewall lacks it.
        down=(
            *first_down,
            ("/bin/rm", "-f", str(plan.paths.firewall / "listed")),
            (PROGRAM, NO_RULES),
        ),
        proof=(PROGRAM, "-c", "-f", str(plan.paths.rendered / RULES)),
        check=(*guard, "check"),
        upset_by=FLUSHING,
        readers=readers,
    )
