"""Our working tree as somebody would clone it: what git tracks, and what it would once added."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import greygate
from greygate.errors import Trouble
from greygate.text import _

OURS = Path(greygate.__file__).resolve().parents[2]


def copy_tree(tree: Path, to: Path) -> None:
    """Copy the tree to `to`, which must not be there yet."""
    for name in _names(tree):
        source, target = tree / name, to / name
        if source.is_symlink() or source.is_file():  # git lists what was deleted, too
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)


def _names(tree: Path) -> tuple[str, ...]:
    listed = subprocess.run(
        (
            # safe.directory: root in a user's clone is how `sudo greygate lab up` runs
            *("git", "-c", "safe.directory=*", "-C", str(tree)),
            *("ls-files", "-z", "--cached", "--others", "--exclude-standard"),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        raise Trouble(
            _("cannot copy {tree} into the lab: {why}").format(
                tree=tree, why=listed.stderr.strip()
            ),
            _("run the lab from a git clone of Greygate"),
        )
    return tuple(filter(None, listed.stdout.split("\0")))
