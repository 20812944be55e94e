"""Every command by name, in the order in which help tells them; and how one is typed here."""

from __future__ import annotations

import os
import re

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

# For the first page, which imports no command; a test holds them to what the commands say.
SUMMARIES = {
    "up": _("Bring the server up on this machine and watch it; Ctrl-C stops everything."),
    "status": _(
        "Tell whether the server is up, whether people can reach it, and whether it federates."
    ),
    "logs": _("Show the last lines of a service, or of all: synapse, haproxy, yggdrasil, keeper."),
    "down": _("Stop the server, whether it runs in the foreground, detached, or under systemd."),
    "user": _("People: add, list, password, deactivate."),
    "invite": _(
        "Make an invitation: a registration token, as a link, a QR code and a text to send."
    ),
    "init": _(
        "Write the site file, from flags or, on a terminal, from questions that explain themselves."
    ),
    "show": _("What follows from the site file: plan, files, policy."),
    "apply": _(
        "Show what a changed site file changes, and bring it into force where the server runs."
    ),
    "install": _("Run the server under systemd, also after a reboot; needs root and a site file."),
    "uninstall": _(
        "Stop the server and remove its services and the program; the data stays, and "
        "where is said."
    ),
    "cert": _("The certificate: register, order, renew, revoke; the authority."),
    "backup": _("Keep what nothing else brings back."),
    "edge": _("Edges: deploy, token, list, join, leave, probe, move, rotate, remove."),
    "dns": _("DNS: plan, check, apply."),
    "discover": _("Find a Matrix server as other homeservers do, and show every step."),
    "lab": _("An internet on this machine: booted Debian hosts."),
}

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
    if not called:
        return text
    import shlex  # both are slow to import, and an installed greygate needs neither
    import shutil

    if shutil.which("greygate"):
        return text
    return _OURS.sub(lambda _found: shlex.quote(called), text)
