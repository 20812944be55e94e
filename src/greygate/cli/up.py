"""`greygate up`: from nothing to a server that people can use."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.telling import Announcement, farewell, opening
from greygate.cli.watch import watch
from greygate.home import site_file
from greygate.home.preparation import prepare
from greygate.home.site_file import Wishes
from greygate.home.start import Started, start
from greygate.run import lock
from greygate.text import _

Uris = Annotated[list[str] | None, Parameter(negative="", consume_multiple=False)]


def command(
    name: Annotated[str | None, Parameter(help="The server name, for keeps.")] = None,
    *,
    detach: Annotated[bool, Parameter(help="Leave it running and return.", negative="")] = False,
    peer: Annotated[Uris, Parameter(help="A Yggdrasil peer to dial; may be repeated.")] = None,
    listen: Annotated[Uris, Parameter(help="Where to accept Yggdrasil peerings.")] = None,
    accept: Annotated[Uris, Parameter(help="A doubt about the name that you accept.")] = None,
    overwrite: Annotated[
        bool, Parameter(help="Replace rendered files that were edited by hand.", negative="")
    ] = False,
    common: Common = NONE,
) -> None:
    """Bring the server up on this machine and watch it; Ctrl-C stops everything.

    Without NAME and without a site file this is a trial: a throw-away name, for looking around.
    With NAME it is for keeps: a site file is written, and the name can never be changed.
    Run again, it goes on with what is there. After `greygate install` it starts and follows
    the units of systemd, and Ctrl-C leaves them running.
    """
    place, steps = common.place(), output.Steps()
    wishes = Wishes(name=name, peers=peer or (), listen=listen or (), accepted=accept or ())
    source = site_file.ensure(place, common.site, wishes, steps)
    if lock.taken(place.paths):
        output.note(_("it is up already, in another terminal; Ctrl-C here stops only watching"))
        watch(common.home(), as_json=common.json)
        return
    with lock.held(place.paths):
        prepared = prepare(source, place, steps, overwrite=overwrite)
        output.note(opening(prepared.home))
        started = start(prepared, steps, detached=detach, still_in=output.agreed_within)
        news = Announcement(started, prepared)
        output.emit(news.told(), as_json=common.json, text=news.text())
        if not detach:
            _stay(started, common, steps)


def _stay(started: Started, common: Common, steps: output.Steps) -> None:
    """Watch until interrupted; then stop what we started."""
    try:
        watch(started.home, as_json=common.json)
    finally:
        if started.ours:
            started.runner.stop(steps)
        output.note(farewell(started))
