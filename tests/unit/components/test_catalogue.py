"""What is rendered for a handful of sites, to the letter, and what all of it has in common."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from pprint import pformat

import pytest

from golden_files import check_tree
from greygate.components import haproxy
from greygate.components.catalogue import ALL
from greygate.components.component import File, Listening, Service, Unit
from greygate.components.haproxy.config import CONFIG
from greygate.plan.plan import Plan
from greygate.site.model import Site
from some_sites import SITES


def _files(site: Site, plan: Plan) -> tuple[File, ...]:
    return tuple(file for component in ALL for file in component.files(site, plan))


def _units(site: Site, plan: Plan) -> tuple[Unit, ...]:
    return tuple(unit for component in ALL for unit in component.units(site, plan))


@pytest.mark.parametrize("name", SITES)
def test_it_is_rendered_as_the_golden_files_have_it(
    name: str, request: pytest.FixtureRequest
) -> None:
    site, plan = SITES[name]()
    texts = {f"{f.path}": f.text for f in _files(site, plan)}
    units = "\n".join(pformat(unit, width=100) for unit in _units(site, plan))
    texts["units.txt"] = f"{units}\n"
    check_tree(name, texts, update=request.config.getoption("--update"))


@pytest.mark.parametrize("name", SITES)
def test_no_two_files_have_the_same_place_and_none_leaves_the_tree(name: str) -> None:
    paths = [file.path for file in _files(*SITES[name]())]
    assert len(paths) == len(set(paths))
    assert not any(path.is_absolute() or ".." in path.parts for path in paths)


@pytest.mark.parametrize("name", SITES)
def test_every_unit_waits_only_for_units_of_some_component(name: str) -> None:
    known = {unit.name for make in SITES.values() for unit in _units(*make())}
    assert all(set(unit.after) <= known for unit in _units(*SITES[name]()))


@pytest.mark.parametrize("name", SITES)
def test_haproxy_is_ready_when_all_that_it_binds_is_open(name: str) -> None:
    site, plan = SITES[name]()
    (text,) = (it.text for it in haproxy.files(site, plan) if it.path == CONFIG)
    bound = re.findall(rf"^ +bind \S*{re.escape(str(plan.addresses[0]))}\S*:(\d+) ", text, re.M)
    (service,) = haproxy.units(site, plan)
    assert isinstance(service, Service)
    assert service.ready == Listening(plan.addresses[0], tuple(map(int, bound)))


@pytest.mark.parametrize("name", SITES)
def test_what_is_proved_in_another_place_reads_nothing_from_the_old_one(name: str) -> None:
    site, plan = SITES[name]()
    proving = replace(plan, paths=plan.paths.proving())
    told = [file.text for file in _files(site, proving)]
    told += [repr(unit.proof) for unit in _units(site, proving)]
    old = f"{plan.paths.rendered}/"
    assert not any(old in text for text in told)


def test_files_that_move_after_the_proof_name_each_other_relatively() -> None:
    site, plan = SITES["managed"]()
    rendered = [file for file in _files(site, plan) if file.path.parts[0] == "haproxy"]
    assert not any(str(plan.paths.rendered) in file.text for file in rendered)
    assert PurePosixPath("haproxy/haproxy.cfg") in [file.path for file in rendered]
