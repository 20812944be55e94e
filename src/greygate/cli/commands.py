"""Every command by name, in the order in which help tells them; and how one is typed here."""

from __future__ import annotations

import os
import re
import shlex
import shutil

from greygate.text import _

# Each command's module is imported when the command is called: `up` must not wait for the rest.
COMMANDS = {
    _("Every day"): ("up", "status", "logs", "down", "user", "invite"),
    _("A server for keeps"): ("init", "show", "apply", "install", "uninstall", "cert", "backup"),
    _("Federation"): ("edge", "dns", "discover"),
    _("Trying things out"): ("lab",),
}
NAMES = tuple(name for names in COMMANDS.values() for name in names)
HIDDEN = ("prepare",)

CALLED = "GREYGATE_CALLED"  # what the launcher was called as
_OURS = re.compile(rf"(?<![\w./-])greygate(?= (?:{'|'.join(NAMES)}|COMMAND|--help)\b)")


def typed(text: str) -> str:
    """With our commands as they are typed here: in a clone, before `install`, `./greygate up`."""
    called = os.environ.get(CALLED)
    if not called or shutil.which("greygate"):
        return text
    return _OURS.sub(lambda _found: shlex.quote(called), text)
