"""What of our working tree a host gets: what a clone would have once everything is added."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from greygate.errors import Trouble
from greygate.lab.clone import copy_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    made = tmp_path / "tree"
    (made / "src").mkdir(parents=True)
    subprocess.run(("git", "init", "--quiet", str(made)), check=True)
    (made / ".gitignore").write_text("*.pyc\n")
    (made / "src/new.py").write_text("pass\n")
    (made / "src/new.pyc").write_text("")
    (made / "start").write_text("#!/bin/sh\n")
    (made / "start").chmod(0o755)
    return made


def test_new_files_come_along_and_ignored_ones_do_not(tree: Path, tmp_path: Path) -> None:
    copy_tree(tree, tmp_path / "copy")
    copied = sorted(it for it in (tmp_path / "copy").rglob("*") if it.is_file())
    assert [it.name for it in copied] == [".gitignore", "new.py", "start"]
    assert (tmp_path / "copy/start").stat().st_mode & 0o111


def test_a_file_that_was_deleted_is_no_hindrance(tree: Path, tmp_path: Path) -> None:
    subprocess.run(("git", "-C", str(tree), "add", "."), check=True)
    (tree / "src/new.py").unlink()
    copy_tree(tree, tmp_path / "copy")
    assert not (tmp_path / "copy/src/new.py").exists()


def test_a_tree_that_is_no_clone_is_named(tmp_path: Path) -> None:
    with pytest.raises(Trouble, match="cannot copy"):
        copy_tree(tmp_path, tmp_path / "copy")
