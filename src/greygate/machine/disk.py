"""How much room there is where something is to be written."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath

from greygate.errors import CannotApply, Trouble
from greygate.text import _, size

FEW_INODES = 20_000  # an environment of Synapse is about 7,000 files
LOW = 500_000_000  # octets: some days of media and logs; time to make room
FULL = 5_000_000  # octets: what a database needs beside itself to write at all


@dataclass(frozen=True, slots=True)
class Room:
    """What is left for us on the file system that holds `at`, the nearest directory that exists."""

    at: Path
    octets: int
    inodes: int | None  # None where the file system does not count them (btrfs)

    def holds(self, octets: int) -> bool:
        return self.octets >= octets and (self.inodes is None or self.inodes >= FEW_INODES)

    @property
    def full(self) -> bool:
        """Whether a running server cannot write any more."""
        return self.octets < FULL or self.inodes == 0


def room(path: PurePath) -> Room:
    """The room below `path`, which need not exist yet."""
    at = Path(path).absolute()
    while not at.is_dir():
        at = at.parent
    seen = os.statvfs(at)
    inodes = seen.f_favail if seen.f_files else None
    return Room(at, seen.f_bavail * seen.f_frsize, inodes)


def demand_writable(path: PurePath) -> None:
    """Trouble where the disk that holds `path` is full: it explains what a program refuses."""
    found = room(path)
    if found.full:
        raise Trouble(
            _("cannot do this: the disk of {at} is full ({free} left)").format(
                at=found.at, free=size(found.octets)
            ),
            _("make room there (see: df -h {at}), then run the same command again").format(
                at=found.at
            ),
        )


@contextmanager
def told_when_full(path: PurePath) -> Iterator[None]:
    """A disk that fills up meanwhile, as Trouble; `path` is what was being written."""
    try:
        yield
    except OSError as full:
        if full.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        at = room(path).at
        raise CannotApply(
            _("cannot write {path}: the disk of {at} is full").format(path=path, at=at), _hint(at)
        ) from full


def demand(found: Room, octets: int, *, purpose: str) -> None:
    """Trouble where `found` cannot take `octets`; `purpose` reads "download Synapse"."""
    if found.holds(octets):
        return
    if found.octets >= octets:
        why = _("only {count} more files fit in {at} (no inodes left)")
        why = why.format(count=found.inodes, at=found.at)
    else:
        why = _("{free} free in {at}, about {wanted} needed")
        why = why.format(free=size(found.octets), at=found.at, wanted=size(octets))
    raise Trouble(_("cannot {purpose}: {why}").format(purpose=purpose, why=why), _hint(found.at))


def _hint(at: Path) -> str:
    return _(
        "make room there (see: df -h {at}) or choose another place with --state DIRECTORY, "
        "then run the same command again: it goes on where it stopped"
    ).format(at=at)
