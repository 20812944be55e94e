"""A file that a person names: a device, a pipe and a link stay what they are."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from greygate.errors import Trouble
from greygate.machine.files import Owner, replace
from greygate.text import _

WAY = os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC
OTHERS = stat.S_IRWXG | stat.S_IRWXO
LINKS = 40  # followed at most, as the kernel does


def write(path: Path, content: bytes, *, mode: int) -> None:
    """Put `content` at `path`: a regular file is replaced whole; all else is written into.

    A link is followed, as far as the kernel lets us (fs.protected_symlinks).
    """
    try:
        number = descriptor_of(path)
        descriptor = _opened(path) if number is None else os.dup(number)
        if descriptor is None:
            replace(path, content, owner=Owner.ourselves(), mode=mode)
            return
        with open(descriptor, "wb") as stream:
            if number is None and stat.S_ISREG(os.fstat(descriptor).st_mode):
                real = Path(os.path.realpath(path))
                replace(real, content, owner=Owner.ourselves(), mode=mode)
            else:
                if number is None and mode & OTHERS == 0:
                    _demand_ours(descriptor)
                _demand_fit(descriptor, content)
                stream.write(content)
    except OSError as problem:
        raise _trouble(path, problem) from problem


def read(path: Path, *, most: int) -> bytes:
    """What is at `path`, be it a pipe that ends; OSError where there is more than `most` of it."""
    with path.open("rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
    return content


def is_open_as(path: Path, number: int) -> bool:
    """Whether `path` is what is open there: /dev/stdout, or the file that it was led into."""
    with suppress(OSError):
        return os.path.samestat(path.stat(), os.fstat(number))
    return descriptor_of(path) == number


def descriptor_of(path: Path) -> int | None:
    """Which of our own open files `path` stands for: /dev/stdout, /dev/fd/3."""
    for _link in range(LINKS):
        if path.name.isdigit() and os.path.realpath(path.parent) == f"/proc/{os.getpid()}/fd":
            return int(path.name)
        if not path.is_symlink():
            return None
        path = path.parent / path.readlink()
    return None


def _opened(path: Path) -> int | None:
    """What is there, or what a link without an end leads to; None where nothing is."""
    with suppress(FileNotFoundError):
        if stat.S_ISBLK(path.stat().st_mode):
            raise OSError(errno.EINVAL, _("it is a disk"))
        # A pipe without another end is told, not waited for.
        descriptor = os.open(path, WAY | os.O_NONBLOCK)
        os.set_blocking(descriptor, True)
        return descriptor
    if path.is_symlink():
        return os.open(path, WAY | os.O_CREAT, 0o600)
    return None


def _demand_ours(descriptor: int) -> None:
    """A secret goes into nobody else's pipe, whoever may have put it there."""
    if os.fstat(descriptor).st_uid not in (0, os.geteuid()):
        raise OSError(errno.EPERM, _("it is somebody else's, and this is secret"))


def _demand_fit(descriptor: int, content: bytes) -> None:
    if os.isatty(descriptor) and b"\0" in content:
        raise OSError(errno.EINVAL, _("it is a terminal, and this is binary"))


def _trouble(path: Path, problem: OSError) -> Trouble:
    nobody = problem.errno == errno.ENXIO
    why = _("nobody reads from it") if nobody else (problem.strerror or "").lower()
    return Trouble(
        _("cannot write {path}: {why}").format(path=path, why=why),
        _("name a file in a directory that is there and that you may write to"),
    )
