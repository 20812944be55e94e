"""What a command imports before it does anything: nothing that it does not need."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import greygate
from greygate.home.place import Place

PROGRAM = Path(greygate.__file__).with_name("__main__.py")
ASKING = ("acme", "asyncssh", "dns", "httpx", "josepy", "lexicon")  # who asks the network
HEAVY = (*ASKING, "asyncio", "cryptography", "psutil", "supervisor", "tarfile", "tree_sitter")
NOTHING = ("cyclopts", "dataclasses", "difflib", "json", "rich", "subprocess", "tempfile")


@pytest.mark.parametrize(
    ("words", "barred"),
    [
        (("--version",), (*HEAVY, *NOTHING, "greygate.cli")),
        (("--help",), HEAVY),
        ((), HEAVY),
        (("status", "--help"), HEAVY),
        (("logs", "--help"), HEAVY),
        (("down", "--help"), HEAVY),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, tuple) and "acme" not in it else "",
)
def test_nothing_is_imported_that_is_not_needed(
    words: tuple[str, ...], barred: tuple[str, ...]
) -> None:
    assert not imported(*words) & set(barred)


@pytest.mark.parametrize("words", [("status",), ("logs",), ("down",), ("show", "plan")])
def test_a_server_that_does_not_run_is_looked_at_without_asking_anybody(
    made: Place, words: tuple[str, ...]
) -> None:
    seen = imported(*words, "--state", str(made.paths.state))
    assert "greygate.home.half" in seen
    asked = {"httpx"} if words == ("status",) else set()  # its own door, over loopback
    assert not (seen - asked) & {*ASKING, "asyncio", "rich", "supervisor", "tarfile"}


def imported(*words: str) -> set[str]:
    """Every module that the program has imported by its end."""
    said = subprocess.run(
        (sys.executable, "-P", "-X", "importtime", PROGRAM, *words),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PROGRAM.parents[1])},
    )
    lines = [it for it in said.stderr.splitlines() if it.startswith("import time:")]
    found = {it.rpartition("|")[2].strip() for it in lines}
    assert "greygate" in found and "Traceback" not in said.stderr, said.stderr
    return found
