"""Finds, reads and writes the site file."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from greygate.errors import Trouble, WrongUsage
from greygate.site.model import Site
from greygate.site.parse import parse
from greygate.text import _

FILE = "site.toml"
VARIABLE = "GREYGATE_SITE"
SYSTEM = Path("/etc/greygate")

# A page of text is 4 kB; whoever names a disk image by mistake should not wait for it.
LARGEST = 256_000


class SiteExists(WrongUsage):
    """A site file is there already, and was left as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            _("cannot write {path}: it is there already").format(path=path),
            _("edit it, or move it away first: mv {path} {path}.old").format(path=path)
            if path.is_file()
            else _("it is no file; name one that is not there yet: --site FILE"),
        )
        self.path = path


def find(explicit: Path | None, environ: Mapping[str, str], state: Path) -> Path | None:
    """The site file to use: the one that was named, else the first one that is there."""
    for named in (explicit, _named(environ)):
        if named is not None:
            return named
    here, *others = _usual(environ, state)
    if here.is_file():
        _demand_ours(here, environ)
        return here
    return next((path for path in others if path.is_file()), None)


def home(environ: Mapping[str, str], uid: int) -> Path:
    """Where the site file of this user belongs."""
    if uid == 0:
        return SYSTEM / FILE
    # XDG base directories: a relative path there is to be ignored.
    configured = Path(environ.get("XDG_CONFIG_HOME", ""))
    base = configured if configured.is_absolute() else Path(environ.get("HOME", "/")) / ".config"
    return base / "greygate" / FILE


def load(path: Path) -> Site:
    """The site that the file describes; SiteRefused where it has mistakes."""
    return parse(read(path), str(path))


def read(path: Path) -> str:
    """The text of the file."""
    with _told(path, _("read")):
        if path.is_dir():
            raise IsADirectoryError
        # A pipe without another end is told, not waited for.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise WrongUsage(
                    _("cannot read {path}: it is a pipe or a device").format(path=path),
                    _("name the site file: --site FILE"),
                )
            octets = file.read(LARGEST + 1)
    if len(octets) > LARGEST:
        raise WrongUsage(
            _("cannot read {path}: it is larger than any site file").format(path=path),
            _("name the site file: --site FILE"),
        )
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise WrongUsage(
            _("cannot read {path}: line {line} is not UTF-8").format(path=path, line=line),
            _("save it as UTF-8"),
        ) from error


def write(path: Path, text: str) -> None:
    """Write a new site file, whole or not at all; SiteExists where there is one."""
    nowhere = _("no file can be made there; name another: --site FILE")
    with _told(path, _("write"), absent=nowhere):
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=".site-", dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.link(draft, path)  # unlike rename, never takes the place of another file
        finally:
            os.unlink(draft)
        _sync_directory(path.parent)


def rewrite(path: Path, text: str) -> None:
    """Put another text in the place of a site file, whole or not at all; owner and mode stay."""
    with _told(path, _("write")):
        real = path.resolve(strict=True)  # a link stays a link
        seen = real.stat()
        handle, draft = tempfile.mkstemp(prefix=".site-", dir=real.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fchown(file.fileno(), seen.st_uid, seen.st_gid)
                os.fchmod(file.fileno(), stat.S_IMODE(seen.st_mode))
                os.fsync(file.fileno())
            os.replace(draft, real)
        except BaseException:
            os.unlink(draft)
            raise
        _sync_directory(real.parent)


def _named(environ: Mapping[str, str]) -> Path | None:
    name = environ.get(VARIABLE)
    return Path(name) if name else None


def _usual(environ: Mapping[str, str], state: Path) -> tuple[Path, ...]:
    # Below the state lives the trial's: whatever somebody wrote by intent comes before it.
    return Path(FILE), home(environ, os.geteuid()), state / FILE


def _demand_ours(path: Path, environ: Mapping[str, str]) -> None:
    """Trouble where somebody else put a site file into the directory that we stand in."""
    seen = path.stat()
    caller = environ.get("SUDO_UID", "")
    owners = {0, os.geteuid()} | ({int(caller)} if caller.isascii() and caller.isdigit() else set())
    if seen.st_uid in owners and not seen.st_mode & stat.S_IWOTH:
        return
    raise WrongUsage(
        _("cannot use {path} unasked: others can write it").format(path=path.absolute()),
        _("if you trust what is in it: --site {path}; else go to another directory").format(
            path=path
        ),
    )


def _sync_directory(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# Told alike wherever it is met: a full disk, a file that is another's.
_OF_THE_SYSTEM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


_ABSENT = _("write one with: greygate init")


@contextmanager
def _told(path: Path, act: str, *, absent: str = _ABSENT) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise SiteExists(path) from error
    except FileNotFoundError as error:
        raise WrongUsage(
            _("cannot {act} {path}: it is not there").format(act=act, path=path),
            absent,
        ) from error
    except IsADirectoryError as error:
        raise WrongUsage(
            _("cannot {act} {path}: it is a directory").format(act=act, path=path),
            _("name the file in it: {path}/{file}").format(path=path, file=FILE),
        ) from error
    except OSError as error:
        if error.errno in _OF_THE_SYSTEM:
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise Trouble(
            _("cannot {act} {path}: {why}").format(act=act, path=path, why=error.strerror),
            _("see what is there: ls -ld {path} {parent}").format(path=path, parent=path.parent),
        ) from error
