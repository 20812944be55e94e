"""Files written whole or not at all, with their owner and mode from the first moment."""

from __future__ import annotations

import glob
import grp
import os
import pwd
import stat
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from greygate.errors import Trouble
from greygate.machine.disk import told_when_full
from greygate.text import _

DRAFT = ".new"
ABANDONED = 3600.0  # seconds after which a draft is nobody's; one is written in less than one


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a file is, as numbers."""

    user: int
    group: int

    @classmethod
    def ourselves(cls) -> Owner:
        return cls(os.geteuid(), os.getegid())

    @classmethod
    def account(cls, name: str, *, group: str | None = None) -> Owner:
        """The account `name`, and `group` or else its own; Trouble where one of them is missing."""
        try:
            entry = pwd.getpwnam(name)
            known = grp.getgrgid(entry.pw_gid) if group is None else grp.getgrnam(group)
        except KeyError as absent:
            raise Trouble(
                _("cannot give a file to {name}: there is no such account").format(
                    name=name if group is None else f"{name}:{group}"
                ),
                _("run greygate as root: it makes its accounts at the first start"),
            ) from absent
        return cls(entry.pw_uid, known.gr_gid)


def directory(path: PurePath, *, mode: int) -> Path:
    """Make `path` and what is missing above it; what is already there stays as it is."""
    made = Path(path)
    for step in (*reversed(made.parents), made):
        if not step.is_dir():
            step.mkdir(exist_ok=True)
            step.chmod(mode)  # mkdir's own mode is cut by the umask
    return made


def closed_above(path: PurePath) -> Path | None:
    """The first directory on the way to `path` that not everybody may pass; None where all may."""
    way = reversed(Path(path).resolve().parents)
    return next((it for it in way if it.exists() and not it.stat().st_mode & stat.S_IXOTH), None)


def account_name(number: int) -> str:
    """The account's name; its number where it has none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def write_new(path: PurePath, content: bytes, *, owner: Owner, mode: int) -> bool:
    """Write `path` unless it is there; True where it was written."""
    whole = _beside(path, content, owner=owner, mode=mode)
    try:
        os.link(whole, path)  # fails where the name is taken: rename would replace it
    except FileExistsError:
        return False
    finally:
        whole.unlink()
    _settle(path)
    return True


def replace(path: PurePath, content: bytes, *, owner: Owner, mode: int) -> None:
    """Put `content` at `path`: whoever reads sees the old file or the new one, never a part."""
    os.replace(_beside(path, content, owner=owner, mode=mode), path)
    _settle(path)


def give(path: PurePath, *, owner: Owner, mode: int) -> None:
    """See that an existing file has this owner and mode: one unpacked by hand has ours."""
    seen = os.stat(path)
    if (seen.st_uid, seen.st_gid) != (owner.user, owner.group):
        os.chown(path, owner.user, owner.group)
    if seen.st_mode & 0o7777 != mode:
        os.chmod(path, mode)


def is_draft(path: PurePath) -> bool:
    """Whether this is the name of a file that is being written; a kill may leave one there."""
    return path.name.startswith(".") and path.suffix == DRAFT


def _beside(path: PurePath, content: bytes, *, owner: Owner, mode: int) -> Path:
    """The content in a file beside `path`, safe on disk, seen by nobody but its owner.

    Its name is its own: two who write the same file at once do not meet.
    """
    with told_when_full(path):
        _forget_drafts(path)
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=DRAFT, dir=path.parent)
        beside = Path(name)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(content)
                stream.flush()
                if owner != Owner.ourselves():
                    os.fchown(descriptor, owner.user, owner.group)
                os.fchmod(descriptor, mode)  # after the owner: chown clears bits
                os.fsync(descriptor)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    return beside


def _forget_drafts(path: PurePath) -> None:
    """Take away what killed ones left of this file; a younger one may be somebody's at work."""
    limit = time.time() - ABANDONED
    for left in Path(path.parent).glob(f".{glob.escape(path.name)}*{DRAFT}"):
        with suppress(OSError):
            if left.lstat().st_mtime < limit:
                left.unlink()


def _settle(path: PurePath) -> None:
    """Have the new name itself on disk."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
