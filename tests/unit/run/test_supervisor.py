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
    assert programs["synapse"].environment == {"PYTHONUNBUFFERED": "1"}
    assert programs["synapse"].stdout_logfile == str(odd / "logs" / "synapse.log")
    assert programs["synapse"].stopwaitsecs == 30
    assert tuple(shlex.split(programs["synapse"].command))[-2:] == services[0].argv[-2:]
