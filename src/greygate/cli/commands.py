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

# Every command is one of the two. What looks makes, numbers and remembers nothing on this machine,
# and so does every `--dry-run`: a test runs them all and sees. (`cert export` where it has no FILE;
# `user list` while Synapse knows our own admin, which is made anew otherwise.)
LOOKS = (
    *("status", "logs", "discover", "show plan", "show files", "show policy", "user list"),
    *("edge list", "edge probe", "dns plan", "dns check", "cert list", "cert export", "lab status"),
)
CHANGES = (
    *("up", "down", "init", "apply", "install", "uninstall", "invite", "prepare"),
    *("user add", "user password", "user deactivate", "backup identity", "backup restore"),
    *("edge deploy", "edge token", "edge join", "edge leave", "edge move", "edge rotate"),
    *("edge remove", "dns apply", "cert issue", "cert register", "cert renew", "cert revoke"),
    *("cert rekey", "lab up", "lab exec", "lab weather", "lab move", "lab down"),
)

CALLED = "GREYGATE_CALLED"  # what the launcher was called as
_OURS = re.compile(rf"(?<![\w./-])greygate(?= (?:{'|'.join(NAMES)}|COMMAND|--help)\b)")


def typed(text: str) -> str:
    """With our commands as they are typed here: in a clone, before `install`, `./greygate up`."""
    called = os.environ.get(CALLED)
    if not called or shutil.which("greygate"):
        return text
    return _OURS.sub(lambda _found: shlex.quote(called), text)
