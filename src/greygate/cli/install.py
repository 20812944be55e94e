"""`greygate install`: systemd keeps the server from now on."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from greygate.cli import edge_hearing, output
from greygate.cli.common import NONE, Common
from greygate.cli.telling import Announcement, installed, opening
from greygate.home import agents, choice, installation
from greygate.home.half import existing_site
from greygate.home.preparation import prepare
from greygate.run import lock
from greygate.site import load


def command(
    *,
    dry_run: Annotated[bool, Parameter(help="Say what would be done, and do nothing.")] = False,
    overwrite: Annotated[
        bool, Parameter(help="Replace rendered files that were edited by hand.")
    ] = False,
    common: Common = NONE,
) -> None:
    """Run the server under systemd, also after a reboot; needs root and a site file.

    The program is copied to /usr/local/lib/greygate and called as `greygate`, so the clone
    may go. Each service runs in a tight sandbox under an account of its own. Run again after an
    update of the clone, it takes over what is new.
    """
    place, steps = common.place(), output.Steps()
    installation.demand_possible(place)
    source = existing_site(place, common.site, common.environ)
    installation.demand_found_again(place, source)
    if dry_run:
        steps_told = installation.steps(source)
        output.emit({"steps": list(steps_told)}, as_json=common.json, text="\n".join(steps_told))
        return
    installation.demand_sandbox()
    with lock.held(place.paths), lock.changing(place.paths, steps):
        standing = choice.look()
        output.note(opening(load.load(source), standing))
        installation.copy_program(steps)
        prepared = prepare(source, place, steps, standing=standing, overwrite=overwrite)
        started = installation.install(prepared, steps, still_in=output.agreed_within)
    news = Announcement(started, prepared)
    output.emit(news.told(), as_json=common.json, text=news.text())
    edge_hearing.note(agents.tell_news(started.home, steps))
    output.note(installed(started))
