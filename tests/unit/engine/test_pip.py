"""pip's lines as progress, and its end as trouble: from what pip 23 really printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from greygate.engine.lock import Lock
from greygate.engine.pip import Tally, trouble_in

RECORDED = Path(__file__).parents[2] / "recorded" / "pip"

LOCK = Lock("matrix-synapse==1.2.3 \\\n    --hash=sha256:aa\nattrs==26.1.0 \\\ncolorama==1.0 ; x\n")


@pytest.mark.parametrize(
    ("name", "what", "hint"),
    [
        ("unreachable", "no answer from the package index", "run the same command again"),
        ("hash", "canonicaljson==2.0.0 is not the file that was published", "tampering"),
        ("full", "the disk is full", "make room"),
        ("platform", "no ready-made canonicaljson==2.0.0 for this computer", "64-bit ARM"),
    ],
)
def test_the_cause_is_told_from_what_pip_said(name: str, what: str, hint: str) -> None:
    trouble = trouble_in((RECORDED / f"{name}.txt").read_text("utf-8"))
    assert what in trouble.what
    assert hint in trouble.hint


def test_an_end_that_nobody_knows_is_quoted() -> None:
    assert "Segmentation fault" in trouble_in("x\nSegmentation fault\n\n").what
    assert trouble_in("").hint


def test_packages_are_counted_as_they_come() -> None:
    tally = Tally(LOCK)
    lines = (
        "Looking in indexes: https://index.example/simple",
        "Ignoring colorama: markers 'x' don't match your environment",
        "Collecting attrs==26.1.0 (from -r lock.txt (line 3))",
        "  Downloading attrs-26.1.0-py3-none-any.whl (67 kB)",
        "Processing /wheels/matrix_synapse-1.2.3.whl (from -r lock.txt (line 1))",
        "Installing collected packages: attrs, matrix-synapse",
    )
    assert [text for text in map(tally.after, lines) if text] == [
        "fetching Synapse 1.2.3: 0 of 2 packages",
        "fetching Synapse 1.2.3: 1 of 2 packages",
        "fetching Synapse 1.2.3: 2 of 2 packages",
        "installing Synapse 1.2.3",
    ]
