"""Who may import whom, and what the pure packages may not touch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
PACKAGE = "greygate"

WORDS = {"errors", "text", "secret", "progress"}  # everybody may use these
PLANNED = {"spec", "site", "plan", "components"}
LOOKING = PLANNED | {"machine", "probe"}
HALVES = {"zones", "certs", "identity", "engine", "apply", "run", "people"}

# A package may import itself, WORDS, and what stands here.
ARROWS: dict[str, set[str]] = {
    "spec": set(),
    "site": {"spec"},
    "plan": {"spec", "site"},
    "components": {"spec", "site", "plan"},
    "probe": {"spec", "machine"},
    "machine": PLANNED | {"probe"},
    "identity": LOOKING | {"engine", "apply"},
    "people": LOOKING | {"identity", "engine", "apply"},
    "zones": LOOKING,
    "engine": LOOKING,
    "apply": LOOKING,
    "run": LOOKING | {"apply", "certs", "engine", "identity", "people"},
    "certs": LOOKING | {"identity", "zones"},
    "home": LOOKING | HALVES,
    "edge": LOOKING | {"identity", "apply", "run", "home"},
    "lab": LOOKING | HALVES | {"home", "edge"},
    "cli": LOOKING | HALVES | {"home", "edge", "lab"},
    "__main__": {"cli"},
}

PURE = {
    *("spec", "site", "plan", "components", *WORDS),
    *("run.units", "people.invitation", "machine.apt_report"),
}
IMPURE = {"site.load"}

BARRED = {
    "socket": "a pure module opens no connection: pass in what was seen",
    "subprocess": "a pure module runs nothing: return the argv",
    "time": "time comes in as an argument",
    "os": "a pure module does not look at the machine: pass in what was seen",
}

MODULES = {
    ".".join(path.relative_to(SOURCE / PACKAGE).with_suffix("").parts): path
    for path in sorted((SOURCE / PACKAGE).rglob("*.py"))
}


@pytest.mark.parametrize("module", MODULES)
def test_imports_follow_the_arrows(module: str) -> None:
    here = module.split(".")[0]
    used = {name.split(".")[1] for name in _imports(module) if name.startswith(f"{PACKAGE}.")}
    astray = used & ARROWS.keys() - {here} - ARROWS.get(here, set())
    assert not astray, f"{here} may not import {sorted(astray)}"


@pytest.mark.parametrize("module", MODULES)
def test_pure_modules_touch_nothing(module: str) -> None:
    if module not in IMPURE and PURE & {module, module.split(".")[0]}:
        barred = {name.split(".")[0] for name in _imports(module)} & BARRED.keys()
        assert not barred, [f"{name}: {BARRED[name]}" for name in sorted(barred)]


def test_every_package_has_its_arrows() -> None:
    assert {module.split(".")[0] for module in MODULES} <= ARROWS.keys() | WORDS | {"__init__"}


def _imports(module: str) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it."""
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(name), names=names):
                yield from (f"{name}.{alias.name}" for alias in names)
