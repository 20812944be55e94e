"""The live status of a server that is up: redrawn on a terminal, told on change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from greygate.cli import output
from greygate.home import agents
from greygate.home.half import Home
from greygate.run import report
from greygate.run.status import Status, look

EVERY = 2.0  # seconds between looks
EDGES_EVERY = 60.0  # seconds between looks through the edges: each is several TLS connections


def watch(home: Home, *, as_json: bool) -> None:
    """Show the status until interrupted, or until somebody else has stopped the server."""
    if as_json or not sys.stderr.isatty():
        _on_change(home)
    else:
        _redrawn(home)


def _redrawn(home: Home) -> None:
    from rich.console import Console  # slow to import, and a start has no time for it
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True, highlight=False)
    with Live(console=console, auto_refresh=False) as live:
        for status in _statuses(home):
            live.update(Text("\n".join(report.lines(status))), refresh=True)


def _on_change(home: Home) -> None:
    before = ""
    for status in _statuses(home):
        verdict = report.verdict(status)
        if verdict != before:
            output.note(verdict)
        before = verdict


def _statuses(home: Home) -> Iterator[Status]:
    """A look every now and then; the last is the one that finds a server stopped that was up."""
    was_up = False
    edges, asked = None, 0.0
    while True:
        if time.monotonic() - asked > EDGES_EVERY:
            edges, asked = None, time.monotonic()
        status = look(
            home.site, home.plan, home.units, edges=edges, agents=lambda: agents.look(home)
        )
        edges = status.seen.edges
        yield status
        if was_up and status.seen.states == ():
            return
        was_up = status.seen.states != ()
        time.sleep(EVERY)
