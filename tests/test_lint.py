"""Linters and types are tests, so that pytest is the whole truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHELL = ("greygate", "dev", "locks/environment.sh")


@pytest.mark.parametrize(
    "words",
    [("ruff", "check"), ("ruff", "format", "--check"), ("mypy",)],
    ids=" ".join,
)
def test_nothing_is_left_to_mend(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        (sys.executable, "-m", *words), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SHELL)
def test_a_plain_shell_can_read(name: str) -> None:
    subprocess.run(("sh", "-n", name), cwd=ROOT, check=True)


@pytest.mark.parametrize("lock", sorted(it.name for it in ROOT.glob("locks/*.txt")))
def test_a_lock_names_no_place_and_hashes_everything(lock: str) -> None:
    text = (ROOT / "locks" / lock).read_text("utf-8")
    pinned = [line for line in text.splitlines() if line[:1].isalnum()]
    assert pinned
    assert all(line.endswith("\\") for line in pinned), "a package without a hash"
    assert "://" not in text
    assert "--index" not in text
