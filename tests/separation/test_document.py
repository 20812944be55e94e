"""docs/separation.md shows the figures that were recorded, in both languages."""

from __future__ import annotations

import re

import pytest

from separation.tally import RECORDED, recorded, table

HEADS = {
    "separation.md": ("front", "client", "admin", "media", "other", "federation broken"),
    "separation.ru.md": ("фронт", "клиент", "админ", "медиа", "прочее", "федерация сломана"),
}
NAMES: dict[str, dict[str, str]] = {
    "separation.md": {},
    "separation.ru.md": {
        "ours": "наш",
        "nginx deny list": "nginx, список запретов",
        "nginx prefix allowlist": "nginx, список префиксов",
        "Caddy prefix allowlist": "Caddy, список префиксов",
    },
}
_SHOWN = re.compile(r"<!-- fronts -->\n(?:\n\|.*?\n)?(?=\n[^|])", re.DOTALL)
_NUMBERS = re.compile(r"(?<=<!-- shots -->)\d+|(?<=<!-- closed -->)\d+")


@pytest.mark.parametrize("name", HEADS)
def test_the_figures_are_the_recorded_ones(name: str, request: pytest.FixtureRequest) -> None:
    document = RECORDED.with_name(name)
    text = document.read_text("utf-8")
    told = recorded()
    shown = table(told, HEADS[name], NAMES[name])
    wanted = _SHOWN.sub(lambda _: f"<!-- fronts -->\n\n{shown}\n", text)
    numbers = iter((told["shots"], told["closed"]))
    wanted = _NUMBERS.sub(lambda _: str(next(numbers)), wanted)
    if request.config.getoption("--update"):
        document.write_text(wanted, "utf-8")
        text = wanted
    assert "<!-- fronts -->\n\n| " in text
    assert text == wanted, "run pytest with --update"
