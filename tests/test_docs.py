"""The documents show what was really seen: traces are the lab's, and links lead somewhere.

`tests/lab/test_traces.py --update` records them; `--update` here puts them into the documents.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
TRACES = DOCS / "traces"
SHOWN = ("how-it-works.md", "how-it-works.ru.md")
DOCUMENTS = (*ROOT.glob("*.md"), *DOCS.glob("*.md"))

_TRACE = re.compile(r"<!-- trace: (?P<name>[a-z-]+) -->\n(?:\n```text\n.*?\n```\n)?", re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")
_COMMANDS = re.compile(r"^    (?:.*\$ +)?(?:\./)?(?:greygate|dev) .*$", re.MULTILINE)


@pytest.mark.parametrize("name", SHOWN)
def test_a_document_shows_what_the_lab_saw(name: str, request: pytest.FixtureRequest) -> None:
    document = DOCS / name
    text = document.read_text("utf-8")
    wanted = _TRACE.sub(_shown, text)
    if request.config.getoption("--update"):
        document.write_text(wanted, "utf-8")
        text = wanted
    assert text == wanted, "run pytest with --update tests/test_docs.py"


def test_every_trace_is_shown() -> None:
    recorded = {path.stem for path in TRACES.glob("*.txt")}
    for name in SHOWN:
        text = (DOCS / name).read_text("utf-8")
        assert {found["name"] for found in _TRACE.finditer(text)} == recorded, name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda it: it.name)
def test_links_lead_somewhere(document: Path) -> None:
    targets = _LINK.findall(document.read_text("utf-8"))
    assert [it for it in targets if not (document.parent / it).exists()] == []


def test_both_languages_have_the_same_commands() -> None:
    english, russian = (
        _COMMANDS.findall((ROOT / name).read_text("utf-8"))
        for name in ("README.md", "README.ru.md")
    )
    assert english == russian


def _shown(found: re.Match[str]) -> str:
    recorded = (TRACES / f"{found['name']}.txt").read_text("utf-8").rstrip("\n")
    return f"<!-- trace: {found['name']} -->\n\n```text\n{recorded}\n```\n"
