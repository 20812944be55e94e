"""Our commands in messages, as they can be typed where they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from greygate.cli.commands import CALLED, NAMES, typed

HINT = "see greygate logs; then `greygate up --detach` (./greygate down, Greygate, greygate.toml)"


def test_without_a_launcher_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(CALLED, raising=False)
    assert typed(HINT) == HINT


@pytest.mark.parametrize(
    ("called", "written"),
    [("./greygate", "./greygate"), ("/srv/grey gate/greygate", "'/srv/grey gate/greygate'")],
)
def test_in_a_clone_they_are_called_as_the_launcher_was(
    monkeypatch: pytest.MonkeyPatch, called: str, written: str
) -> None:
    monkeypatch.setenv(CALLED, called)
    monkeypatch.setenv("PATH", "/nowhere")
    assert typed(HINT) == (
        f"see {written} logs; then `{written} up --detach` "
        "(./greygate down, Greygate, greygate.toml)"
    )
    for name in NAMES:
        assert typed(f"greygate {name}") == f"{written} {name}"


def test_once_one_is_in_path_it_is_that_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "greygate").touch(0o755)
    monkeypatch.setenv(CALLED, "./greygate")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert typed(HINT) == HINT
