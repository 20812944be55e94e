"""`greygate up`: from nothing to a server that people can use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

from cyclopts import Parameter

from greygate.cli import edge_hearing, output
from greygate.cli.common import NONE, Common
from greygate.cli.telling import Announcement, farewell, left_running, opening
from greygate.cli.watch import watch
from greygate.errors import WrongUsage
from greygate.home import agents, choice, site_file
from greygate.home.place import Place
from greygate.home.preparation import prepare
from greygate.home.site_file import Wishes
from greygate.home.start import Started, start
from greygate.run import lock
from greygate.site import load
from greygate.text import _

Uris = Annotated[list[str] | None, Parameter(metavar="URI", consume_multiple=False)]
Doubts = Annotated[list[str] | None, Parameter(metavar="DOUBT", consume_multiple=False)]


def command(
    name: Annotated[str | None, Parameter(help="The server name, for keeps.")] = None,
    /,
    *,
    detach: Annotated[bool, Parameter(help="Leave it running and return.")] = False,
    peer: Annotated[Uris, Parameter(help="A Yggdrasil peer to dial; once for each.")] = None,
    listen: Annotated[Uris, Parameter(help="Where friends' nodes may dial this one.")] = None,
    accept: Annotated[
        Doubts, Parameter(help="A doubt about the name that was told, and that you accept.")
    ] = None,
    overwrite: Annotated[
        bool, Parameter(help="Replace rendered files that were edited by hand.")
    ] = False,
    common: Common = NONE,
) -> None:
    """Bring the server up on this machine and watch it; Ctrl-C stops everything.

    Without NAME and without a site file this is a trial: a throw-away name, for looking around.
    With NAME it is for keeps: a site file is written, and the name can never be changed.
    Run again, it goes on with what is there. After `greygate install` it starts and follows
    the units of systemd, and Ctrl-C leaves them running.

    For example:

        greygate up
        greygate up home.example --peer tls://192.0.2.10:443
        greygate up --detach --state /srv/second
    """
    place, steps = common.place(), output.Steps()
    wishes = Wishes(name=name, peers=peer or (), listen=listen or (), accepted=accept or ())
    source = site_file.ensure(place, wishes, steps, named=common.site, environ=common.environ)
    if lock.taken(place.paths):
        _watch_another(common, detach=detach)
        return
    with lock.held(place.paths):
        standing = choice.look()
        output.note(opening(load.load(source), standing))
        with lock.changing(place.paths, steps):
            prepared = prepare(source, place, steps, standing=standing, overwrite=overwrite)
            started = start(prepared, steps, detached=detach, still_in=output.agreed_within)
        with nullcontext() if detach else _stopped_at_the_end(started, place, steps):
            news = Announcement(started, prepared)
            output.emit(news.told(), as_json=common.json, text=news.text())
            edge_hearing.note(agents.tell_news(started.home, steps))
            if detach:
                output.note(left_running(place))
            else:
                watch(started.home, as_json=common.json)


@contextmanager
def _stopped_at_the_end(started: Started, place: Place, steps: output.Steps) -> Iterator[None]:
    """However the block ends, what we started is stopped."""
    try:
        yield
    finally:
        if started.ours:
            started.runner.stop(steps)
        output.note(farewell(started, place))


def _watch_another(common: Common, *, detach: bool) -> None:
    """Watch the server that another `up` keeps, or is bringing up."""
    if detach:
        raise WrongUsage(
            _("cannot leave it running: a greygate in another terminal is at work on it"),
            _("let that one be; or end it and start anew: greygate down"),
        )
    output.note(_("another terminal has it up or starts it; Ctrl-C here stops only watching"))
    watch(common.home(), as_json=common.json)
