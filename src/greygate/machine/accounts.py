"""The system accounts that services run under, and the group they share."""

from __future__ import annotations

import grp
import pwd
import subprocess
from collections.abc import Iterable

from greygate.components.component import GROUP
from greygate.errors import Trouble
from greygate.text import _


def ensure(names: Iterable[str]) -> None:
    """Make the shared group and the accounts that are missing; none can log in."""
    if not _has_group(GROUP):
        _run("groupadd", "--system", GROUP)
    for name in names:
        if not _has_account(name):
            _run(
                *("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent"),
                *("--shell", "/usr/sbin/nologin", "--gid", GROUP, "--no-user-group", name),
            )


def remove(names: Iterable[str]) -> None:
    """Remove the accounts, and the group once nobody is in it."""
    for name in names:
        if _has_account(name):
            _run("userdel", name)
    if _has_group(GROUP) and not any(it.pw_gid == group_id() for it in pwd.getpwall()):
        _run("groupdel", GROUP)


def group_id() -> int:
    """The number of the shared group; Trouble where it has not been made."""
    try:
        return grp.getgrnam(GROUP).gr_gid
    except KeyError as absent:
        raise Trouble(
            _("cannot share files among the services: there is no group {name}").format(name=GROUP),
            _("run greygate as root: it makes its accounts at the first start"),
        ) from absent


def _has_group(name: str) -> bool:
    return any(entry.gr_name == name for entry in grp.getgrall())


def _has_account(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())


def _run(*argv: str) -> None:
    try:
        subprocess.run(argv, check=True, capture_output=True, text=True)
    except FileNotFoundError as absent:
        raise _refused(argv, _("there is no {name}").format(name=argv[0])) from absent
    except subprocess.CalledProcessError as refusal:
        raise _refused(argv, refusal.stderr.strip() or f"exit {refusal.returncode}") from refusal


def _refused(argv: tuple[str, ...], why: str) -> Trouble:
    return Trouble(
        _("cannot prepare the account {name}: {why}").format(name=argv[-1], why=why),
        _("run `{command}` as root and see what it says").format(command=" ".join(argv)),
    )
