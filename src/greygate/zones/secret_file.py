"""Files with keys that the operator keeps: read only where nobody else can read them."""

from __future__ import annotations

import os
import stat
from pathlib import PurePath

from greygate.errors import Trouble
from greygate.machine.files import account_name
from greygate.text import _

OTHERS = stat.S_IRWXG | stat.S_IRWXO
LARGEST = 64 * 1024  # octets; a key has some hundred


def secret_text(path: PurePath, what: str) -> str:
    """The text of a file that is its owner's alone; `what`: what it should hold."""
    try:
        with open(path, "rb") as stream:
            _demand_closed(path, os.fstat(stream.fileno()), what)
            octets = stream.read(LARGEST)
    except OSError as problem:
        raise Trouble(
            _("cannot read {what} in {path}: {why}").format(
                what=what, path=path, why=problem.strerror
            ),
            _("write it there, and then: chmod 600 {path}").format(path=path),
        ) from problem
    try:
        return octets.decode()
    except UnicodeDecodeError as problem:
        raise Trouble(
            _("cannot read {what} in {path}: it is no text").format(what=what, path=path),
            _("is it the right file?"),
        ) from problem


def _demand_closed(path: PurePath, seen: os.stat_result, what: str) -> None:
    if seen.st_mode & OTHERS or seen.st_uid not in (0, os.geteuid()):
        raise Trouble(
            _("cannot use {what} in {path}: others may read or change it").format(
                what=what, path=path
            ),
            _("chown {user} {path} && chmod 600 {path}; and have another made").format(
                user=account_name(os.geteuid()), path=path
            ),
        )
