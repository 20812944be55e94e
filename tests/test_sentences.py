"""What people read goes through gettext, or is a command to type."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "greygate"
MODULES = sorted(path for name in ("cli", "home") for path in (SOURCE / name).glob("*.py"))

TROUBLES = {"Trouble", "WrongUsage", "CannotApply", "MissingProgram", "NotRunning"}
TOLD = {"note", "say", "step", "confirm", "ask"}  # whose first argument is read
COMMAND = re.compile(r"(sudo )?greygate( [a-zA-Z.]+| --[a-z]+)*( && greygate [a-z]+)?")
WORDS = re.compile(r"[A-Za-z]{2,}")


def test_there_are_modules_to_look_at() -> None:
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_sentences_can_be_translated(path: Path) -> None:
    fixed = [
        f"{path.name}:{text.lineno}: {text.value!r}"
        for argument in _read_by_people(ast.parse(path.read_text("utf-8")))
        for text in _fixed(argument)
    ]
    assert not fixed


def _read_by_people(tree: ast.Module) -> Iterator[ast.expr]:
    for call in ast.walk(tree):
        if isinstance(call, ast.Call):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if name in TROUBLES:
                yield from call.args
            elif name in TOLD:
                yield from call.args[:1]
            yield from (it.value for it in call.keywords if it.arg == "text")


def _fixed(node: ast.AST) -> Iterator[ast.Constant]:
    """The words in an expression that stay English in every language."""
    match node:
        case ast.Call(func=ast.Name("_")):
            return
        case ast.Constant(value=str(text)):
            if WORDS.search(text) and not COMMAND.fullmatch(text):
                yield node
        case ast.Call(func=ast.Attribute(value=called, attr="format")):
            yield from _fixed(called)
        case ast.JoinedStr() | ast.BinOp() | ast.BoolOp() | ast.IfExp():
            for part in ast.iter_child_nodes(node):
                yield from _fixed(part)
