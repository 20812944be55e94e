"""One step back: what was in place before the last replacement."""

from __future__ import annotations

from pathlib import Path

from greygate.apply import tree


def _tree(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


def test_the_former_files_are_in_place_again_and_the_refused_ones_aside(tmp_path: Path) -> None:
    now, old = _tree(tmp_path / "rendered", "refused"), _tree(tmp_path / "rendered.old", "former")
    tree.step_back(now, old)
    assert (now / "file").read_text() == "former"
    assert (old / "file").read_text() == "refused"


def test_nothing_happens_where_nothing_was_before(tmp_path: Path) -> None:
    now = _tree(tmp_path / "rendered", "first")
    tree.step_back(now, tmp_path / "rendered.old")
    assert (now / "file").read_text() == "first"
