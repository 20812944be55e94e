"""What was put in place and not yet taken up by the programs it is for: no kill makes it forgotten.

It stands in the tree of rendered files, so that it is exchanged, and steps back, with what it
tells of.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from greygate.apply.tree import OUTSTANDING
from greygate.machine.file_lock import locked
from greygate.machine.files import Owner, replace

Outstanding = Mapping[str, float]
"""Names of units, each with the moment from which on it must read its files (s since 1970)."""


def load(tree: Path) -> dict[str, float]:
    """What is outstanding; nothing where nothing is, or nobody can tell."""
    try:
        told = json.loads((tree / OUTSTANDING).read_text("utf-8"))
        return {str(name): float(at) for name, at in told.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def text(before: Outstanding, names: Iterable[str]) -> str:
    """The file's text once these are outstanding, too."""
    return json.dumps({**before, **dict.fromkeys(sorted(names), time.time())}, indent=2) + "\n"


def add(tree: Path, names: Iterable[str]) -> None:
    """These units must take something up that is no file of the tree; nothing before there is one.

    What stands on its own (a key, a unit of systemd's) is told before it is replaced where that
    can be: a needless reload is better than a forgotten one.
    """
    wanted = frozenset(names)
    if wanted and tree.is_dir():
        with unchanged(tree):
            _keep(tree, text(load(tree), wanted))


def settle(tree: Path, due: Outstanding) -> None:
    """That was taken up; what somebody else has put in place meanwhile stays outstanding."""
    if not tree.is_dir():
        return
    with unchanged(tree):
        before = load(tree)
        after = {name: at for name, at in before.items() if due.get(name) != at}
        if after != before:
            _keep(tree, text(after, ()))


@contextmanager
def unchanged(tree: Path) -> Iterator[None]:
    """Nobody else exchanges the tree, or writes what is outstanding, until the block ends."""
    with locked(tree.parent / ".outstanding"):
        yield


def _keep(tree: Path, content: str) -> None:
    path = PurePosixPath(tree / OUTSTANDING)
    replace(path, content.encode(), owner=Owner.ourselves(), mode=0o600)
