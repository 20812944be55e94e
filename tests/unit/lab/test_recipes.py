"""A disk's layers are made anew when what they are made of changes, and only then."""

from __future__ import annotations

from pathlib import Path

import pytest

from greygate.lab.recipes import Recipe, recipe_for
from greygate.lab.topology import Debian, Disk

LOCKS = ("greygate.txt", "synapse.txt", "people.txt")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "locks").mkdir()
    for name in LOCKS:
        (tmp_path / "locks" / name).write_text("one==1\n")
    return tmp_path


def key(disk: Disk, tree: Path) -> str:
    return recipe_for(disk, Debian.BOOKWORM, tree=tree).key


@pytest.mark.parametrize(
    ("lock", "disks"),
    [
        ("greygate.txt", {Disk.HOME, Disk.CERTBOT, Disk.EDGE}),
        ("synapse.txt", {Disk.HOME, Disk.CERTBOT, Disk.REMOTE}),
        ("people.txt", {Disk.FRIEND, Disk.REMOTE}),
    ],
)
def test_another_lock_file_asks_for_another_layer(tree: Path, lock: str, disks: set[Disk]) -> None:
    before = {each: key(each, tree) for each in Disk}
    (tree / "locks" / lock).write_text("one==2\n")
    assert {each for each in Disk if key(each, tree) != before[each]} == disks


def test_another_source_file_asks_for_none(tree: Path) -> None:
    before = {each: key(each, tree) for each in Disk}
    (tree / "src").mkdir()
    (tree / "src/changed.py").write_text("pass\n")
    assert {each: key(each, tree) for each in Disk} == before


def test_a_change_below_is_a_change_above() -> None:
    def above(packages: tuple[str, ...]) -> Recipe:
        below = Recipe(name="bare", debian=Debian.TRIXIE, packages=packages)
        return Recipe(name="home", debian=Debian.TRIXIE, below=below)

    assert above(("systemd",)).key != above(("systemd", "dbus")).key


def test_all_share_the_same_bare_debian(tree: Path) -> None:
    bare, *others = (recipe_for(disk, Debian.TRIXIE, tree=tree) for disk in Disk)
    assert all(other.stack[-1] == bare for other in others)
