"""`greygate apply`: bring a changed site file into force."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from greygate.apply import files
from greygate.apply.differences import difference
from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.components.catalogue import ALL
from greygate.home import choice, start
from greygate.home.preparation import prepare
from greygate.text import _


def command(
    *,
    yes: Annotated[bool, Parameter(help="Do not ask.")] = False,
    dry_run: Annotated[bool, Parameter(help="Show the difference, change nothing.")] = False,
    overwrite: Annotated[
        bool, Parameter(help="Replace rendered files that were edited by hand.")
    ] = False,
    common: Common = NONE,
) -> None:
    """Show what a changed site file changes, and bring it into force where the server runs.

    Each program proves its new configuration before it gets it. HAProxy takes a new one
    without dropping a connection; Synapse and Yggdrasil are restarted if theirs changed.
    """
    home, steps = common.home(), output.Steps()
    changes = files.planned(home.site, home.plan, ALL)
    for change in changes:
        output.note(difference(change))
    if not dry_run:
        if changes and not yes:
            output.confirm(_("bring this into force?"))
        # Not under the lock: that is an `up`'s for as long as it watches.
        standing = choice.look()
        prepared = prepare(home.source, home.place, steps, standing=standing, overwrite=overwrite)
        start.take_up_here(prepared, still_in=output.agreed_within)
    names = [str(change.path) for change in changes]
    text = _("{count} files differ").format(count=len(names)) if dry_run else _("in force")
    output.emit({"changed": names, "applied": not dry_run}, as_json=common.json, text=text)
