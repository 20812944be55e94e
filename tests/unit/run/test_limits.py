"""How much memory each unit may have, on machines of several sizes."""

from __future__ import annotations

import re

import pytest

from greygate.components.component import MIB
from greygate.components.synapse import MEMORY
from greygate.run.limits import same_but_for_limits
from greygate.run.renewal_units import RENEWAL
from greygate.run.units import unit_files
from unit.run.test_edge_units import PLAN
from unit.run.test_edge_units import units as edge_units
from unit.run.test_units import made

GIB = 2**30
SSHD, JOURNALD = -1000, -250  # their OOMScoreAdjust in Debian


def limit(text: str, name: str) -> int:
    found = re.search(rf"^{name}=(-?\d+)M?$", text, re.MULTILINE)
    assert found is not None, (name, text)
    return int(found[1])


def services(memory: int) -> dict[str, str]:
    """Every unit that runs something, at home and on an edge."""
    home = unit_files(*made("federating"), memory=memory)
    edge = unit_files(PLAN, edge_units(), memory=memory)
    texts = {
        f"{where} {it}": text
        for where, all_ in (("home", home), ("edge", edge))
        for it, text in all_.items()
    }
    return {name: text for name, text in texts.items() if "\n[Service]\n" in text}


@pytest.mark.parametrize("memory", [GIB // 2, GIB, 2 * GIB, 16 * GIB])
def test_every_unit_is_bounded_and_goes_before_what_one_mends_it_by(memory: int) -> None:
    found = services(memory)
    assert f"home {RENEWAL}" in found and "edge greygate-agent@.service" in found
    for name, text in found.items():
        most = limit(text, "MemoryMax")
        assert 0.85 * most < limit(text, "MemoryHigh") < most, name
        assert most * MIB <= max(0.75 * memory, 640 * MIB), name
        assert 0 < limit(text, "TasksMax") < 1000
        assert limit(text, "OOMScoreAdjust") > max(SSHD, JOURNALD), name


def test_synapse_goes_first_and_the_node_last() -> None:
    found = services(2 * GIB)
    score = {
        it: limit(found[f"home greygate-{it}.service"], "OOMScoreAdjust")
        for it in ("synapse", "haproxy", "yggdrasil")
    }
    assert score["synapse"] > score["haproxy"] > score["yggdrasil"]


@pytest.mark.parametrize(
    ("machine", "most"),
    [(GIB, 768 * MIB), (2 * GIB, 1536 * MIB), (8 * GIB, 6 * GIB), (16 * GIB, 6 * GIB)],
)
def test_synapse_may_join_large_rooms_where_the_machine_bears_it(machine: int, most: int) -> None:
    assert MEMORY.most_on(machine) == most


def test_other_limits_alone_are_no_reason_for_a_restart() -> None:
    plan, units = made("federating")
    small, large = (unit_files(plan, units, memory=it) for it in (GIB, 16 * GIB))
    assert small != large
    assert all(same_but_for_limits(small[it], large[it]) for it in small)
    text = small["greygate-synapse.service"]
    assert not same_but_for_limits(text, text.replace("PrivateTmp=yes", "PrivateTmp=no"))
