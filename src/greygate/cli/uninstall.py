"""`greygate uninstall`: the services go, the data stays."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.home import installation
from greygate.text import _


def command(
    *,
    yes: Annotated[bool, Parameter(help="Do not ask.")] = False,
    dry_run: Annotated[bool, Parameter(help="Say what would be done, and do nothing.")] = False,
    common: Common = NONE,
) -> None:
    """Stop the server and remove its services and the program; the data stays, and where is said.

    `greygate install` from a clone brings everything back as it was. System packages stay.
    """
    installation.demand_removable(common.place())
    home = common.running().home
    if dry_run:
        told = installation.removed(home)
        output.emit({"steps": list(told)}, as_json=common.json, text="\n".join(told))
        return
    if not yes:
        output.confirm(_("stop {name} and remove its services?").format(name=home.site.server_name))
    left = installation.uninstall(home, output.Steps())
    text = "\n".join(
        (
            _("the services are gone. This stays, and is all there is of the server:"),
            *(f"  {path}" for path in left),
            _("to delete it for ever: rm -r {paths}").format(paths=" ".join(left)),
        )
    )
    output.emit({"left": left}, as_json=common.json, text=text)
