"""`greygate discover` as it is typed, against servers on loopback."""

from __future__ import annotations

import json

import pytest

from greygate.cli.main import main
from greygate.spec.dialects import DIALECTS
from loopback_names import Zone, name_server

ZONE: Zone = {
    ("edge.example", "A"): ("192.0.2.1",),
    ("_matrix-fed._tcp.home.example", "SRV"): ("10 0 443 edge.example.",),
}


def test_a_route_is_told_and_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    with name_server(ZONE) as (address, port):
        code = main(["discover", "home.example", "--resolver", f"{address}:{port}"])
    said = capsys.readouterr().out
    assert code == 0
    assert "192.0.2.1:443  (edge.example)" in said
    assert "the route, by step 4:" in said


def test_no_route_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    with name_server({}) as (address, port):
        words = ["discover", "nowhere.example", "--resolver", f"{address}:{port}", "--json"]
        assert main(words) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["found"] is False
    assert [route["dialect"] for route in said["routes"]] == [it.name for it in DIALECTS]


@pytest.mark.parametrize("dialect", [it.name for it in DIALECTS])
def test_one_dialect_can_be_chosen(dialect: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", "192.0.2.1", "--dialect", dialect, "--json"]) == 0
    (route,) = json.loads(capsys.readouterr().out)["routes"]
    assert (route["dialect"], route["step"], route["sni"]) == (dialect, "1", None)


@pytest.mark.parametrize("name", ["xn--a.example", "1.2.3.4567", "ab--c.example"])
def test_a_name_that_no_web_has_is_looked_for_all_the_same(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    zone: Zone = {(f"_matrix-fed._tcp.{name}", "SRV"): ("10 0 443 edge.example.",), **ZONE}
    with name_server(zone) as (address, port):
        code = main(["discover", name, "--resolver", f"{address}:{port}"])
    assert (code, "the route, by step 4:" in capsys.readouterr().out) == (0, True)


def test_a_cyrillic_name_brings_its_spelling(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", "дом.рф"]) == 2
    assert "did you mean xn--d1aqf.xn--p1ai?" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["a_b.example"],
        ["home.example", "--resolver", "dns.example"],
        ["home.example", "--dialect", "x"],
        [],
    ],
)
def test_wrong_words_end_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", *words]) == 2
    assert capsys.readouterr().out == ""
