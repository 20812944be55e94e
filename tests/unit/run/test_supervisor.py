"""supervisord's configuration: to the letter, and as supervisord reads it back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from some_sites import SITES
from supervisor.options import ServerOptions  # type: ignore[import-untyped]

from greygate.components.catalogue import ALL
from greygate.components.component import Service
from greygate.run.privileges import identity_of
from greygate.run.state import services_of
from greygate.run.supervisor import configuration


def rendered(name: str) -> tuple[str, tuple[Service, ...]]:
    site, plan = SITES[name]()
    services = services_of(tuple(u for component in ALL for u in component.units(site, plan)))
    return configuration(plan, services, lambda it: identity_of(it, devices_open=True)), services


@pytest.mark.parametrize("name", ["managed", "loopback"])
def test_it_is_as_kept(name: str, golden: Callable[[str, str], None]) -> None:
    golden(f"supervisor/{name}.conf", rendered(name)[0])


def test_supervisord_reads_what_was_meant(tmp_path: Path) -> None:
    text, services = rendered("loopback")
    path = tmp_path / "supervisord.conf"
    path.write_text(text.replace("/home/a person/.local/share/greygate", str(tmp_path / "50%")))
    (tmp_path / "50%" / "logs").mkdir(parents=True)
    options: Any = ServerOptions()
    path.write_text(path.read_text().replace("50%", "50%%"))
    options.realize(["-c", str(path)])
    programs = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert list(programs) == [service.name for service in services]
    assert programs["synapse"].environment == {"PYTHONUNBUFFERED": "1"}
    assert programs["synapse"].stdout_logfile == str(tmp_path / "50%" / "logs" / "synapse.log")
    assert programs["synapse"].stopwaitsecs == 30
