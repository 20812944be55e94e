"""supervisord's configuration: to the letter, and as supervisord reads it back."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from supervisor.options import ServerOptions  # type: ignore[import-untyped]

from greygate.components.catalogue import ALL
from greygate.components.component import Service
from greygate.plan.paths import Paths
from greygate.plan.plan import Chore
from greygate.run.privileges import identity_of
from greygate.run.state import services_of
from greygate.run.supervisor import configuration
from some_sites import SITES


def rendered(name: str, paths: Paths | None = None) -> tuple[str, tuple[Service, ...]]:
    site, plan = SITES[name]()
    plan = replace(plan, paths=paths or plan.paths)
    services = services_of(tuple(u for component in ALL for u in component.units(site, plan)))
    return configuration(plan, services, lambda it: identity_of(it, devices_open=True)), services


@pytest.mark.parametrize("name", ["managed", "loopback"])
def test_it_is_as_kept(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"supervisor/{name}.conf", rendered(name)[0])


def test_supervisord_reads_what_was_meant(tmp_path: Path) -> None:
    odd = tmp_path / "50% of it"
    for directory in (odd / "logs", odd / "supervisor"):
        directory.mkdir(parents=True)
    text, services = rendered("loopback", Paths.below(PurePosixPath(odd), PurePosixPath(odd)))
    path = tmp_path / "supervisord.conf"
    path.write_text(text)
    options: Any = ServerOptions()
    options.realize(["-c", str(path)])
    programs = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert list(programs) == [service.name for service in services]
    assert programs["synapse"].environment == {
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(odd / "spool"),
    }
    assert programs["synapse"].stdout_logfile == str(odd / "logs" / "synapse.log")
    assert programs["synapse"].stopwaitsecs == 30
    assert tuple(shlex.split(programs["synapse"].command))[-2:] == services[0].argv[-2:]


def test_the_certificate_is_kept_young_without_systemd(tmp_path: Path) -> None:
    """A shell's loop, in which nothing outlives its parent."""
    _site, plan = SITES["loopback"]()
    chore = Chore(("python", "-m", "greygate", "cert", "renew"), (("PYTHONPATH", "/src"),))
    below = PurePosixPath(tmp_path)
    for directory in ("logs", "supervisor"):
        (tmp_path / directory).mkdir()
    told = replace(plan, paths=Paths.below(below, below), renewal=chore)
    path = tmp_path / "supervisord.conf"
    path.write_text(configuration(told, (), lambda it: identity_of(it, devices_open=True)))
    options: Any = ServerOptions()
    options.realize(["-c", str(path)])
    (program,) = (group.process_configs[0] for group in options.process_group_configs)
    assert program.environment == {"PYTHONPATH": "/src"}
    words = shlex.split(program.command)
    assert words[-5:] == list(chore.argv)
    loop = words[words.index("-c") + 1]
    assert loop.count("--pdeathsig KILL") == 3
