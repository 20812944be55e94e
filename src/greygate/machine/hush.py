"""Keeps what apt brings from running by itself: not when it is installed, not after a reboot.

Theory of operation: before apt runs, the names of the packages that will be new are put down in
`PENDING`, and a policy-rc.d (Debian's own hook) forbids to start what was not running. Afterwards
the units that those packages brought are disabled, and both files go. A run that was killed leaves
them behind, and the next one ends what it began.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from greygate.machine import apt, files

PENDING = Path("/var/lib/greygate/packages.pending")
POLICY = Path("/usr/sbin/policy-rc.d")
OWN_UNITS = Path("/etc/systemd/system")  # where an administrator's own units are

_MARK = "Written by Greygate while it installs packages, and removed afterwards."
_POLICY = f"""#!/bin/sh
# {_MARK}
# What runs already may be restarted; nothing that does not run is started.
[ -d /run/systemd/system ] && systemctl --quiet is-active "$1" && exit 0
exit 101
"""

_KINDS = (".service", ".socket", ".timer", ".path")
# The init system's own: to switch these off would break what they were brought for.
_SPARED = ("systemd", "udev", "dbus", "init", "sysvinit")


@contextmanager
def hushed(coming: Sequence[str]) -> Iterator[None]:
    """While the block installs the packages `coming`, nothing of them starts, now or later."""
    files.directory(PENDING.parent, mode=0o755)
    _write(PENDING, "".join(f"{package}\n" for package in coming), mode=0o644)
    if not POLICY.exists():
        _write(POLICY, _POLICY, mode=0o755)
    try:
        yield
    finally:
        settle()


def is_unsettled() -> bool:
    """An installation was killed before its packages were silenced."""
    return PENDING.exists()


def settle() -> None:
    """Silence what an installation brought, this one or one that was killed."""
    if PENDING.exists():
        listed = apt.look("dpkg-query", "--listfiles", *PENDING.read_text("utf-8").split())
        for unit in brought(listed.splitlines()):
            if not _is_administrators(unit):
                _disable(unit)
    if POLICY.exists() and _MARK in POLICY.read_text("utf-8", errors="replace"):
        POLICY.unlink()
    PENDING.unlink(missing_ok=True)  # last: without it nobody would look again


def brought(paths: Iterable[str]) -> tuple[str, ...]:
    """The units among a package's files."""
    folders = {Path("/lib/systemd/system"), Path("/usr/lib/systemd/system")}
    units = (path for path in map(Path, paths) if path.parent in folders and path.suffix in _KINDS)
    return tuple(sorted({path.name for path in units}))


def links_to(unit: str, folder: Path) -> tuple[Path, ...]:
    """The links that have `unit` started: those of who wants it, and its other names."""
    # Not `*.wants/UNIT`: Python 3.11.2 finds no link by its name whose target is gone.
    wants = (it for kind in ("wants", "requires") for it in folder.glob(f"*.{kind}/*"))
    names = (it for it in folder.glob("*") if it.is_symlink() and it.name != unit)
    wanted = (it for it in wants if it.name == unit)
    return (*wanted, *(it for it in names if it.readlink().name == unit))


def strays(packages: Iterable[str]) -> tuple[str, ...]:
    """Those of the new packages whose units are strays."""
    return tuple(package for package in packages if not package.startswith(_SPARED))


def _is_administrators(unit: str) -> bool:
    """A unit of this name that is no package's: a file of its own, or masked."""
    own = OWN_UNITS / unit
    return own.exists() and not str(own.resolve()).startswith(("/lib/", "/usr/lib/"))


def _disable(unit: str) -> None:
    """Stop it and keep it from starting, with whichever init this machine has."""
    name = unit.removesuffix(".service")
    if Path("/run/systemd/system").is_dir():
        _quietly("systemctl", "disable", "--now", unit)
    else:
        # As `systemctl disable` would. deb-systemd-helper, which makes these links where systemd
        # does not run, takes them away with the package only; and finds them gone at an upgrade.
        for link in links_to(unit, OWN_UNITS):
            link.unlink(missing_ok=True)
    if Path("/etc/init.d", name).exists():
        _quietly("update-rc.d", name, "disable")


def _quietly(*argv: str) -> None:
    subprocess.run(argv, capture_output=True, check=False)


def _write(path: Path, text: str, *, mode: int) -> None:
    files.replace(path, text.encode(), owner=files.Owner.ourselves(), mode=mode)
