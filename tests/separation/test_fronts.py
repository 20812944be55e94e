"""The same shots at our front and at those that people run, before the same real Synapse.

No lab: everything is on loopback. `--update` records the figures that docs/separation.md shows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import httpx
import pytest

from real_synapse import engine
from separation import framing, fronts, table, techniques
from separation.fronts import FRONTS, Behind
from separation.shooting import Shooter
from separation.shots import Door, Expected, Shot, plain
from separation.table import FEDERATION_ONLY
from separation.tally import Tally, record, recorded, tally
from separation.techniques import VERSION

pytestmark = pytest.mark.fronts

__all__ = ["engine"]
UNSIGNED = (401, "M_UNAUTHORIZED")


@pytest.fixture(scope="module")
def behind(engine: PurePosixPath) -> Iterator[Behind]:
    with fronts.synapse(engine) as synapse:
        yield synapse


@pytest.fixture(scope="module")
def shooter() -> Iterator[Shooter]:
    argv = (sys.executable, str(Path(__file__).with_name("shooter.py")))
    with Shooter(argv) as shooter:
        yield shooter


@pytest.fixture(scope="module")
def tallies(behind: Behind, shooter: Shooter) -> dict[str, Tally]:
    return {name: _tallied(name, behind, shooter) for name in FRONTS}


def test_nothing_closed_comes_through_ours(tallies: dict[str, Tally]) -> None:
    assert tallies["ours"].is_tight, tallies["ours"]


@pytest.mark.parametrize("name", [it for it in FRONTS if it != "ours"])
def test_each_other_front_lets_closed_things_by(name: str, tallies: dict[str, Tally]) -> None:
    """Else the oracle would be blind, and a clean result of ours would mean nothing."""
    assert tallies[name].answered["client"] > 0
    assert tallies[name].broken == 0


def test_what_is_recorded_was_measured_with_these_shots(
    tallies: dict[str, Tally], request: pytest.FixtureRequest
) -> None:
    """The figures of other fronts change with their versions; that there are these does not."""
    shots = _shots(_anywhere())
    closed = sum(shot.expected is Expected.NOTHING for shot in shots)
    if request.config.getoption("--update"):
        record(len(shots), closed, tallies)
    told = recorded()
    assert (told["shots"], told["closed"]) == (len(shots), closed), "run pytest with --update"
    assert isinstance(told["fronts"], dict)
    assert [*told["fronts"]] == [*FRONTS]


def test_what_the_table_calls_signed_synapse_answers_to_nobody_else(behind: Behind) -> None:
    transport = httpx.HTTPTransport(uds=str(behind.plan.paths.federation_socket))
    with httpx.Client(transport=transport, base_url="http://localhost", timeout=30) as client:
        for row, path in table.open_rows(table.VALUES[0]):
            content = b"{}" if row.method in ("PUT", "POST") else None
            answer = client.request(row.method, path, content=content)
            if answer.json().get("errcode") != "M_UNRECOGNIZED":  # some are older Synapses' alone
                refused = (answer.status_code, answer.json().get("errcode")) == UNSIGNED
                assert refused == row.signed, (row.method, path, answer.text)


def _tallied(name: str, behind: Behind, shooter: Shooter) -> Tally:
    with FRONTS[name](behind) as door:
        shots = _shots(door)
        behind.log.arrivals()
        shooter.fire(shots)
        last = plain(door, "GET", VERSION, kind="must", name="last", expected=Expected.ONCE)
        shooter.fire([last])
        return tally([*shots, last], behind.log.until(last), FEDERATION_ONLY)


def _shots(door: Door) -> list[Shot]:
    return [
        *table.shots(door, FEDERATION_ONLY),
        *techniques.by_target(door),
        *techniques.by_header(door),
        *framing.lines(door),
        *framing.smuggled(door),
    ]


def _anywhere() -> Door:
    return Door(to=("", 0), names=fronts.NAMES, sni=None)
