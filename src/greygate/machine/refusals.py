"""What the system's refusals mean to a person: a disk that is full, a file that is another's."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from greygate.errors import Trouble
from greygate.machine.files import account_name
from greygate.text import _


def trouble_of(error: OSError) -> Trouble | None:
    """The refusal in words, with what to do; None where it is not one that a person can mend."""
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return _told(error, _("the disk is full"), _("make room (see: df -h), ") + _AGAIN)
        case errno.EROFS:
            why = _("its file system is read-only")
            return _told(error, why, _("make it writable, or choose another: --state DIRECTORY"))
        case errno.EACCES | errno.EPERM if error.filename is not None:
            return _told(error, _("not allowed"), _whose(Path(os.fsdecode(error.filename))))
        case errno.ENOENT if error.filename is None and _stands_nowhere():
            return Trouble(
                _("cannot go on: the directory that you stand in is gone"),
                _("go to another and run it again: cd"),
            )
        case errno.EIO:
            return _told(error, _("the disk does not work"), _("see what it says: dmesg | tail"))
        case _:
            return None


_AGAIN = _("then run the same command again: it goes on where it stopped")


def _told(error: OSError, why: str, hint: str) -> Trouble:
    if error.filename is None:
        return Trouble(_("cannot go on: {why}").format(why=why), hint)
    path = os.fsdecode(error.filename)
    return Trouble(_("cannot use {path}: {why}").format(path=path, why=why), hint)


def _stands_nowhere() -> bool:
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    return False


def _whose(path: Path) -> str:
    """By whom the command is to be run: the owner of what bars the way."""
    ours = os.geteuid()
    for step in (path, *path.parents):
        try:
            owner = step.stat().st_uid
        except OSError:
            continue
        told = _("{step} belongs to {owner}, and you are {we}: run it as {owner}")
        if owner == 0:
            told = _("{step} belongs to {owner}, and you are {we}: run it as root (sudo)")
        return told.format(step=step, owner=account_name(owner), we=account_name(ours))
    return _("see who may: namei -l {path}").format(path=path)
