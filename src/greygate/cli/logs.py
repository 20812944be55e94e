"""`greygate logs`: what the services say."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.home.start import running


def command(
    *services: str,
    lines: Annotated[int, Parameter(name=("--lines", "-n"), help="How many to begin with.")] = 50,
    follow: Annotated[
        bool, Parameter(name=("--follow", "-f"), help="Go on until Ctrl-C.", negative="")
    ] = False,
    common: Common = NONE,
) -> None:
    """Show the last lines of one service or of all: synapse, haproxy, yggdrasil.

    Requests are logged without their query, which may carry a token.
    """
    for line in running(common.home()).logs(services, lines=lines, follow=follow):
        output.emit(
            {"service": line.service, "text": line.text},
            as_json=common.json,
            text=f"{line.service}  {line.text}",
        )
