"""systemd's units: to the letter, and as systemd itself reads them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path, PurePosixPath
from shutil import which

import pytest

from golden_files import check_tree
from greygate.components.catalogue import ALL
from greygate.components.component import Task, Unit
from greygate.plan.plan import Plan
from greygate.run.renewal_units import COMMAND, RENEWAL
from greygate.run.unit_text import TARGET
from greygate.run.units import OURS, unit_file, unit_files
from some_sites import SITES

UNDER_SYSTEMD = tuple(name for name in SITES if name != "loopback")
MEMORY = 2 * 2**30  # octets: the machine of the golden files
EXPOSED = 3.0  # of 10, as systemd-analyze counts; an ordinary unit has 9.6, a task is root's


def made(name: str) -> tuple[Plan, tuple[Unit, ...]]:
    site, plan = SITES[name]()
    return plan, tuple(unit for component in ALL for unit in component.units(site, plan))


@pytest.mark.parametrize("name", UNDER_SYSTEMD)
def test_units_are_as_kept(name: str, request: pytest.FixtureRequest) -> None:
    plan, units = made(name)
    update = bool(request.config.getoption("--update"))
    check_tree(f"systemd/{name}", unit_files(plan, units, memory=MEMORY), update=update)


@pytest.mark.parametrize("name", UNDER_SYSTEMD)
def test_systemd_understands_every_word(name: str, tmp_path: Path) -> None:
    analyze = _analyze()
    plan, units = made(name)
    programs = tuple(_with_programs_of_any_machine(unit) for unit in units)
    texts = unit_files(plan, programs, memory=MEMORY)
    texts[RENEWAL] = texts[RENEWAL].replace(COMMAND, "/bin/true")
    paths = _written(texts, tmp_path)
    done = subprocess.run(
        [analyze, "verify", "--man=no", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    ours = [line for line in done.stderr.splitlines() if "greygate" in line]
    assert not ours


def test_what_people_can_reach_is_shut_in(tmp_path: Path) -> None:
    analyze = _analyze()
    plan, units = made("managed")
    for path in _written(unit_files(plan, units, memory=MEMORY), tmp_path):
        if path.name != TARGET and path.suffix != ".timer":
            done = subprocess.run(
                [analyze, "security", "--offline=true", "--json=short", str(path)],
                capture_output=True,
                text=True,
                check=True,
            )
            told = json.loads(done.stdout)
            exposure = sum(float(each["exposure"] or 0) for each in told if not each["set"])
            assert exposure < EXPOSED, (path.name, [e for e in told if not e["set"]])


def test_nothing_opens_without_the_firewall() -> None:
    texts = unit_files(*made("managed"), memory=MEMORY)
    for name in ("yggdrasil", "haproxy"):
        assert "Requires=greygate-firewall.service" in texts[f"greygate-{name}.service"]


def test_what_flushes_the_firewall_is_followed_by_it_and_nothing_is_restarted() -> None:
    """Others require it: with a restart of it every connection would end."""
    texts = unit_files(*made("managed"), memory=MEMORY)
    check = "/bin/sh /var/lib/greygate/rendered/firewall/guard.sh check"
    assert texts["nftables.service.d/greygate-firewall.conf"].splitlines() == [
        "[Service]",
        *(f"{when}=-{check}" for when in ("ExecStartPost", "ExecReload", "ExecStopPost")),
    ]
    for name in ("greygate-firewall.service", "greygate-haproxy.service"):
        assert "nftables" not in texts[name]


def test_only_what_compiles_may_make_code() -> None:
    texts = unit_files(*made("managed"), memory=MEMORY)
    may = {name for name, text in texts.items() if "MemoryDenyWriteExecute=no" in text}
    assert may == {"greygate-haproxy.service", "greygate-synapse.service"}


def test_the_target_tells_whose_units_these_are() -> None:
    plan, units = made("managed")
    assert f"{OURS}={plan.paths.state}" in unit_files(plan, units, memory=MEMORY)[TARGET]


def test_words_that_systemd_would_expand_stay_as_they_are() -> None:
    plan, _units = made("managed")
    task = Task(
        name="odd", description="100 %", up=(("/bin/echo", "$HOME", 'a "b" c', "5%"),), down=()
    )
    text = unit_file(plan, task, (task,), memory=MEMORY)
    assert 'ExecStart=/bin/echo $$HOME "a \\"b\\" c" 5%%' in text
    assert "Description=100 %%" in text


def test_a_state_below_a_home_is_not_hidden_from_its_services() -> None:
    plan, units = made("managed")
    paths = replace(plan.paths, state=PurePosixPath("/root/greygate"))
    texts = unit_files(replace(plan, paths=paths), units, memory=MEMORY)
    assert "ProtectHome=read-only" in texts["greygate-synapse.service"]


def _with_programs_of_any_machine(unit: Unit) -> Unit:
    """systemd refuses a unit whose program is missing; the engine is where it is installed."""
    match unit:
        case Task():
            true = ("/bin/true",)
            return replace(unit, up=(true,), down=(true,), check=unit.check and true)
        case _:
            return replace(unit, argv=("/bin/true",), proof=("/bin/true",))


def _written(texts: dict[str, str], directory: Path) -> list[Path]:
    for name, text in texts.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text)
    return [directory / name for name in texts if not name.endswith(".conf")]


def _analyze() -> str:
    return which("systemd-analyze") or pytest.skip("there is no systemd-analyze")


def test_a_certificate_that_is_ordered_is_looked_at_with_the_network() -> None:
    _site, plan = SITES["federating"]()
    ordered = replace(plan, ordered=True, watched=())
    found = unit_files(ordered, (), memory=MEMORY)
    assert "greygate-renew.path" not in found
    lines = found["greygate-renew.service"].splitlines()
    assert "ExecStart=/usr/local/bin/greygate cert renew --ahead 4800" in lines
    assert "RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6" in lines
    assert not any(line.startswith("IPAddressDeny") for line in lines)
    assert "greygate-renew.timer" in found["greygate.target"]
