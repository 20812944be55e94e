"""The system accounts that services run under, and the groups by which they meet."""

from __future__ import annotations

import grp
import pwd
import subprocess
from collections.abc import Iterable

from greygate.errors import Trouble
from greygate.text import _


def ensure(names: Iterable[str], groups: Iterable[str] = ()) -> None:
    """Make the accounts and groups that are missing; each account has a group of its own.

    Accounts of earlier versions shared one group: they keep their numbers, and leave it.
    """
    for group in groups:
        _ensure_group(group)
    for name in names:
        _ensure_group(name)
        account = _account(name)
        if account is None:
            _run(
                *("useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent"),
                *("--shell", "/usr/sbin/nologin", "--gid", name, "--no-user-group", name),
            )
        elif account.pw_gid != grp.getgrnam(name).gr_gid:
            # In its list of members too: a unit of that version names the shared group, and must be
            # able to read its files until it is written anew.
            _run("usermod", "--gid", name, "--append", "--groups", name, name)


def _ensure_group(name: str) -> None:
    if not any(entry.gr_name == name for entry in grp.getgrall()):
        _run("groupadd", "--system", name)


def _account(name: str) -> pwd.struct_passwd | None:
    return next((entry for entry in pwd.getpwall() if entry.pw_name == name), None)


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
