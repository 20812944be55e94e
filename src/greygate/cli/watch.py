"""The live status of a server that is up: redrawn on a terminal, told on change elsewhere."""

from __future__ import annotations

import sys
import time

from greygate.cli import output
from greygate.home.half import Home
from greygate.run import report
from greygate.run.status import Status, look

EVERY = 2.0  # seconds between looks


def watch(home: Home, *, as_json: bool) -> None:
    """Show the status until interrupted."""
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
        while True:
            live.update(Text("\n".join(report.lines(_seen(home)))), refresh=True)
            time.sleep(EVERY)


def _on_change(home: Home) -> None:
    before = ""
    while True:
        verdict = report.verdict(_seen(home))
        if verdict != before:
            output.note(verdict)
        before = verdict
        time.sleep(EVERY)


def _seen(home: Home) -> Status:
    return look(home.site, home.plan, home.units)
