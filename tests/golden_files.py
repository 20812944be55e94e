"""Golden files: what was rendered or told, compared to the letter. --update rewrites them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from greygate import __version__

GOLDEN = Path(__file__).parent / "golden"


def check_tree(name: str, texts: Mapping[str, str], *, update: bool) -> None:
    """`texts`, by their path, are what `golden/name` holds: nothing else, and nothing less."""
    kept = {path: _steady(text) for path, text in texts.items()}
    if update:
        _rewrite(GOLDEN / name, kept)
    assert _read(GOLDEN / name) == kept, "run pytest with --update, and read what it changed"


def _steady(text: str) -> str:
    return text.replace(f"greygate {__version__}", "greygate VERSION")


def _read(root: Path) -> dict[str, str]:
    found = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): path.read_bytes().decode() for path in found}


def _rewrite(root: Path, kept: Mapping[str, str]) -> None:
    for gone in _read(root).keys() - kept.keys():
        (root / gone).unlink()
    for path, text in kept.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())
