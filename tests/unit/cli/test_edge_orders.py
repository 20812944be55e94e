"""What the commands about edges say where there is nothing that they could do."""

from __future__ import annotations

import json

import pytest

from greygate.home.place import Place
from unit.cli.conftest import Run


@pytest.mark.parametrize(
    "words",
    [
        ("probe", "edge1", "tcp", "other.example"),
        ("move", "edge1", "192.0.2.7"),
        ("rotate", "edge1", "--yes"),
        ("remove", "edge1", "--yes"),
    ],
)
def test_a_site_without_edges_has_none_to_speak_of(
    run: Run, made: Place, words: tuple[str, ...]
) -> None:
    ended = run("edge", *words, "--state", made.paths.state, "--json")
    assert ended.code == 2
    assert "no edge" in json.loads(ended.out)["error"]["what"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("probe", "edge1", "dns", "x..example"), "two dots"),
        (("probe", "edge1", "dns", "x.example", "--type", "AXFR"), "no question"),
        (("probe", "edge1", "tcp", "x.example", "--port", "0"), "cannot use 0 for --port"),
        (("probe", "edge1", "ping", "x.example"), "ping"),
        (("move", "edge1", "next.example"), "not an IP address"),
        (("move", "edge1"), "ADDRESS"),
    ],
)
def test_wrong_words_are_told(run: Run, made: Place, words: tuple[str, ...], why: str) -> None:
    ended = run("edge", *words, "--state", made.paths.state)
    assert ended.code == 2
    assert why in ended.err
