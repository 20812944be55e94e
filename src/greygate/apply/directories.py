"""The directories of a deployment, each with its owner and mode from the first moment."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from greygate.components.component import Service
from greygate.errors import CannotApply
from greygate.machine.files import Owner
from greygate.plan.paths import Paths
from greygate.text import _

PASSED = 0o711  # services reach what is theirs by its name, and list nothing
PUBLIC = 0o755
SHARED = 0o750  # a group may look in
INHERITED = 0o2750  # the same, and what is put there belongs to that group
OWN = 0o700


def prepare(paths: Paths, services: Sequence[Service], *, accounts: bool) -> None:
    """Have every directory in place that stays; those below /run are made by who runs a service.

    Without accounts of their own everything belongs to whoever we are, and is closed to others.
    """
    tree = Tree(accounts=accounts)
    for path, mode in (
        (paths.state, PASSED),
        (paths.keys, PASSED),
        (paths.engines, PUBLIC),
        (paths.ca.parent, PUBLIC),
        (paths.logs, OWN),
        (paths.runtime, PUBLIC),
    ):
        tree.directory(path, mode)
    for service in services:
        for path in (*service.writes, *((service.spool,) if service.spool else ())):
            tree.directory(path, OWN, account=service.account)
        if service.extra_config is not None:  # there may be secrets of the operator's in it
            tree.directory(service.extra_config, INHERITED, account="root", group=service.account)


def not_writable(services: Sequence[Service]) -> tuple[PurePosixPath, ...]:
    """The directories of accounts that are missing or not theirs; none where we may not look."""
    return tuple(
        path
        for service in services
        for path in (*service.writes, *((service.spool,) if service.spool else ()))
        if not _belongs(Path(path), service.account)
    )


def _belongs(path: Path, account: str) -> bool:
    try:
        seen = path.stat()
        return seen.st_uid == pwd.getpwnam(account).pw_uid and seen.st_mode & OWN == OWN
    except FileNotFoundError:
        return False
    except (OSError, KeyError):  # an account that is gone is told with its service
        return True


def prepare_runtime(
    services: Sequence[Service], *, accounts: bool, owners: Mapping[str, str]
) -> None:
    """Have the directories for sockets in place; `owners`: as which account each service runs."""
    tree = Tree(accounts=accounts)
    for service in services:
        if service.runtime is not None:
            mode, account = SHARED if service.serves else OWN, owners[service.name]
            tree.directory(service.runtime, mode, account=account, group=service.serves)


class Tree:
    """Makes directories with their owner and mode, and mends those that differ."""

    def __init__(self, *, accounts: bool) -> None:
        self._accounts = accounts

    def directory(
        self,
        path: PurePosixPath,
        mode: int,
        *,
        account: str | None = None,
        group: str | None = None,
    ) -> None:
        """`path` is a directory, of `account` (None: ours) and `group` (its own), with `mode`."""
        if not self._accounts:
            mode &= 0o700
        _make(Path(path), mode)
        descriptor = _opened(Path(path))
        try:
            seen, owner = os.fstat(descriptor), self.owner(account, group)
            if (seen.st_uid, seen.st_gid) != (owner.user, owner.group):
                os.fchown(descriptor, owner.user, owner.group)
            if stat.S_IMODE(seen.st_mode) != mode:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)

    def owner(self, account: str | None, group: str | None = None) -> Owner:
        """Whose it is, as numbers."""
        if not self._accounts or account is None:
            return Owner.ourselves()
        return Owner.account(account, group=group)


def _opened(path: Path) -> int:
    """The directory itself: in a directory of an account, a link is that account's to make.

    Followed, it would have us give away whatever it leads to.
    """
    ours = path.parent.stat().st_uid == os.geteuid()
    try:
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY | (0 if ours else os.O_NOFOLLOW))
    except NotADirectoryError as link:
        raise CannotApply(
            _("cannot use {path}: it is not a directory, or a link to one").format(path=path),
            _("see who put it there: ls -ld {path}; a bind mount does what a link would").format(
                path=path
            ),
        ) from link


def _make(path: Path, mode: int) -> None:
    """As closed as it will be or more: it is opened up once it has its owner."""
    for missing in reversed([each for each in path.parents if not each.exists()]):
        missing.mkdir(mode=PUBLIC if mode & stat.S_IXOTH else OWN, exist_ok=True)
    path.mkdir(mode=OWN, exist_ok=True)
