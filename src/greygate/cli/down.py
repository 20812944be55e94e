"""`greygate down`: stop the server."""

from __future__ import annotations

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.text import _


def command(*, common: Common = NONE) -> None:
    """Stop the server, whether it runs in the foreground, detached, or under systemd.

    Under systemd it starts again at the next boot; `greygate uninstall` ends that.
    Everything it keeps stays where it is.
    """
    from greygate.home import start
    from greygate.run import lock

    named = None if common.site is None else common.running()  # refused: nothing is stopped
    # An `up` that is still starting, or watches, ends as by Ctrl-C; it stops what it started.
    ended = lock.end_holder(common.place().paths)
    stopped = start.stop((named or common.running()).home, output.Steps()) or ended
    text = _("stopped") if stopped else _("it was not running")
    output.emit({"stopped": stopped}, as_json=common.json, text=text)
