"""The tree of rendered files on disk: read, written aside, and put in place as a whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from greygate.apply.differences import Texts, digest
from greygate.apply.exchange import exchange
from greygate.machine import files
from greygate.machine.files import Owner

DIGESTS = PurePosixPath("digests.json")  # in the tree, so that it is replaced with what it tells of
OUTSTANDING = PurePosixPath("outstanding.json")  # for the same reason
RightsOf = Callable[[PurePosixPath], "Rights"]
"""Of a directory's or file's place below the tree; the tree itself is `.`."""

EDITED = ".edited"  # what somebody wrote into a file of ours is kept under its name with this


@dataclass(frozen=True, slots=True)
class Rights:
    """Whose an entry is, and its mode as a directory and as a file."""

    owner: Owner
    directory: int
    file: int


def read(tree: Path) -> dict[PurePosixPath, str]:
    """Every file that is ours or stands among ours; nothing where there is no tree."""
    return {
        path: text
        for path, text in _texts(tree)
        if path.suffix != EDITED and path not in (DIGESTS, OUTSTANDING) and not files.is_draft(path)
    }


def kept(tree: Path) -> dict[PurePosixPath, str]:
    """The edits of others that were set aside."""
    return {path: text for path, text in _texts(tree) if path.suffix == EDITED}


def digests(tree: Path) -> dict[PurePosixPath, str]:
    """What we wrote, as far as we know."""
    try:
        told = json.loads((tree / DIGESTS).read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {PurePosixPath(path): str(value) for path, value in told.items()}


def write(tree: Path, texts: Texts, *, beside: Texts, rights: RightsOf) -> None:
    """Make `tree` hold exactly these texts and `beside`."""
    shutil.rmtree(tree, ignore_errors=True)
    _directory(tree, rights(PurePosixPath()))
    record = json.dumps({str(path): digest(text) for path, text in texts.items()}, indent=2)
    for path, text in {**texts, **beside, DIGESTS: f"{record}\n"}.items():
        for parent in reversed(path.parents[:-1]):
            _directory(tree / parent, rights(parent))
        _file(tree / path, text, rights(path))


def give(trees: Iterable[Path], rights: RightsOf) -> None:
    """See that all in those that are there has its rights: an earlier version gave it others."""
    for tree in trees:
        for path in (tree, *tree.rglob("*")) if tree.exists() else ():
            wanted = rights(PurePosixPath(path.relative_to(tree)))
            mode = wanted.directory if path.is_dir() else wanted.file
            files.give(path, owner=wanted.owner, mode=mode)


def put_in_place(new: Path, tree: Path, old: Path) -> None:
    """`new` becomes `tree`, and what was there becomes `old`."""
    recover(tree, old)
    if not tree.exists():
        new.rename(tree)
        return
    shutil.rmtree(old, ignore_errors=True)
    if exchange(new, tree):
        new.rename(old)  # killed before this, `new` is the old one, and is written anew next time
    else:
        tree.rename(old)  # killed between these two, `recover` goes back
        new.rename(tree)
    _settle(tree.parent)


def step_back(tree: Path, old: Path) -> None:
    """What was in place before the last replacement is in place again, where there was any."""
    if old.exists() and not exchange(old, tree):
        aside = tree.with_name(f"{tree.name}.refused")
        tree.rename(aside)  # killed between these two, `recover` brings the old one
        old.rename(tree)
        aside.rename(old)


def recover(tree: Path, old: Path) -> None:
    """Undo a replacement that was killed half-way."""
    if not tree.exists() and old.exists():
        old.rename(tree)


def _texts(tree: Path) -> Iterator[tuple[PurePosixPath, str]]:
    """Text that is no UTF-8, which only others can have written, goes and comes unharmed."""
    for path in sorted(tree.rglob("*")):
        if path.is_file():
            text = path.read_text("utf-8", errors="surrogateescape")
            yield PurePosixPath(path.relative_to(tree)), text


def _directory(path: Path, rights: Rights) -> None:
    if path.is_dir():
        return
    path.mkdir(mode=0o700)
    os.chown(path, rights.owner.user, rights.owner.group)
    path.chmod(rights.directory)


def _file(path: Path, text: str, rights: Rights) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(text)
        stream.flush()
        os.fchown(descriptor, rights.owner.user, rights.owner.group)
        os.fchmod(descriptor, rights.file)
        os.fsync(descriptor)


def _settle(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
