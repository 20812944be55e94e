"""`greygate logs`: what the services say."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.values import Whole
from greygate.text import visible

MOST = 1_000_000  # lines: more than the files keep


def command(
    *services: Annotated[str, Parameter(name="SERVICE", help="Whose lines; all if left out.")],
    lines: Annotated[
        Whole,
        Parameter(
            name=("--lines", "-n"),
            metavar="NUMBER",
            validator=Number(gte=0, lte=MOST),
            show_default=True,
            help="How many of each to begin with.",
        ),
    ] = 50,
    follow: Annotated[bool, Parameter(name=("--follow", "-f"), help="Go on until Ctrl-C.")] = False,
    common: Common = NONE,
) -> None:
    """Show the last lines of a service, or of all: synapse, haproxy, yggdrasil, keeper.

    Requests are logged without their query, which may carry a token. With --json it is one
    object a line.

    For example:

        greygate logs synapse --lines 200
        greygate logs haproxy yggdrasil --follow
    """
    from greygate.components.component import Service
    from greygate.home.start import keeper

    home = common.running().home
    known = [unit.name for unit in home.units if isinstance(unit, Service)]
    for name in services:
        if name not in known:
            raise output.unknown(name, known)
    for line in keeper(home).logs(services, lines=lines, follow=follow):
        output.emit_line(
            {"service": line.service, "text": line.text},
            as_json=common.json,
            text=f"{line.service}  {visible(line.text)}",
        )
