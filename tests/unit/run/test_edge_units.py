"""systemd's units of an edge: to the letter, as systemd reads them, and how they are shut in."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath
from shutil import which

import pytest

from golden_files import check_tree
from greygate.components.component import Task, Unit
from greygate.components.edge import ALL
from greygate.plan.edge import EdgePlan, edge_plan
from greygate.plan.paths import Paths
from greygate.run.unit_text import TARGET
from greygate.run.units import systemd_name, unit_files
from unit.plan.test_token import TOKEN

PATHS = Paths.below(PurePosixPath("/var/lib/greygate"), PurePosixPath("/run/greygate"))
PYTHON = PurePosixPath("/var/lib/greygate/env/0123456789abcdef/bin/python")
PLAN = edge_plan(TOKEN, PATHS, python=PYTHON)
MEMORY = 2 * 2**30  # octets: the machine of the golden files
EXPOSED = {"greygate-agent@.service": 2.5, "greygate-orders@.service": 4.0}


CHECKS = {
    *("greygate-firewall-check.service", "greygate-firewall-check.timer"),
    "nftables.service.d/greygate-firewall.conf",
}


def units(plan: EdgePlan = PLAN) -> tuple[Unit, ...]:
    return tuple(unit for component in ALL for unit in component.units(TOKEN, plan))


def test_units_are_as_kept(request: pytest.FixtureRequest) -> None:
    update = bool(request.config.getoption("--update"))
    check_tree("systemd/edge", unit_files(PLAN, units(), memory=MEMORY), update=update)


def test_a_door_brings_a_socket_and_what_it_starts() -> None:
    texts = unit_files(PLAN, units(), memory=MEMORY)
    names = {systemd_name(it) for it in units()}
    assert {"greygate-agent.socket", "greygate-orders.socket"} <= names
    called = {"greygate-agent@.service", "greygate-orders@.service"}
    assert texts.keys() == {TARGET, *names, *called, *CHECKS}
    for name in ("agent", "orders"):
        assert "Requires=greygate-firewall.service" in texts[f"greygate-{name}.socket"]
        assert "[Install]" not in texts[f"greygate-{name}@.service"]


def test_the_agent_is_nobody() -> None:
    text = unit_files(PLAN, units(), memory=MEMORY)["greygate-agent@.service"]
    for line in ("User=greygate-agent", "CapabilityBoundingSet=", "ProtectSystem=strict"):
        assert line in text.splitlines()
    assert "ReadWritePaths" not in text


def test_systemd_understands_every_word(tmp_path: Path) -> None:
    texts = unit_files(PLAN, tuple(map(_with_programs_of_any_machine, units())), memory=MEMORY)
    paths = _written(texts, tmp_path)
    done = subprocess.run(
        [_analyze(), "verify", "--man=no", *(str(it) for it in paths if "@" not in it.name)],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert [line for line in done.stderr.splitlines() if "greygate" in line] == []


@pytest.mark.parametrize("name", EXPOSED)
def test_what_home_can_start_is_shut_in(name: str, tmp_path: Path) -> None:
    paths = _written(unit_files(PLAN, units(), memory=MEMORY), tmp_path)
    (path,) = (it for it in paths if it.name == name)
    done = subprocess.run(
        [_analyze(), "security", "--offline=true", "--json=short", str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    exposure = sum(float(each["exposure"] or 0) for each in told if not each["set"])
    assert exposure < EXPOSED[name], [each for each in told if not each["set"]]


def _with_programs_of_any_machine(unit: Unit) -> Unit:
    if isinstance(unit, Task):
        true = ("/bin/true",)
        return replace(unit, up=(true,), down=(true,), check=unit.check and true)
    return replace(unit, argv=("/bin/true",), proof=("/bin/true",))


def _written(texts: dict[str, str], directory: Path) -> list[Path]:
    for name, text in texts.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    return [directory / name for name in texts if not name.endswith(".conf")]


def _analyze() -> str:
    return which("systemd-analyze") or pytest.skip("there is no systemd-analyze")
