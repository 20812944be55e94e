"""Which running units have still to take up what is in place for them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import psutil
import pytest

from greygate.run.runner import Mending, behind, mending
from greygate.run.state import Condition, State
from unit.run.test_edge_units import units

EDGE = units()
NOW = time.time() - 10  # after this machine's boot
HAPROXY = State(name="haproxy", condition=Condition.UP, since=NOW)


@pytest.mark.parametrize(
    ("due", "late"),
    [
        ({}, set()),
        ({"haproxy": NOW + 1}, {"haproxy"}),
        ({"haproxy": NOW - 1}, set()),  # it started since
        ({"haproxy": NOW}, {"haproxy"}),  # at that very moment: which was first, nobody knows
        ({"greygate-haproxy.service": NOW + 1}, {"haproxy"}),
        ({"greygate-haproxy@.service": NOW + 1, "what-went": NOW}, set()),
    ],
)
def test_what_started_since_has_what_is_in_place(due: Mapping[str, float], late: set[str]) -> None:
    assert behind(EDGE, due, [HAPROXY]) == late


def test_a_start_that_lies_ahead_of_the_clock_is_no_evidence() -> None:
    ahead = replace(HAPROXY, since=time.time() + 3600)
    assert behind(EDGE, {"haproxy": NOW}, [ahead]) == {"haproxy"}


def test_what_was_still_starting_has_what_was_there_when_it_began() -> None:
    starting = replace(HAPROXY, began=NOW - 5)
    assert behind(EDGE, {"haproxy": NOW - 1}, [starting]) == {"haproxy"}
    assert behind(EDGE, {"haproxy": NOW - 6}, [starting]) == set()


def test_a_task_was_done_at_boot_at_the_latest() -> None:
    booted = psutil.boot_time()
    assert behind(EDGE, {"firewall": booted + 1}, []) == {"firewall"}
    assert behind(EDGE, {"firewall": booted - 1}, []) == set()


def test_a_door_is_concerned_by_its_own_unit_alone() -> None:
    assert behind(EDGE, {"agent": NOW}, []) == set()
    assert behind(EDGE, {"greygate-agent.socket": NOW}, []) == {"agent"}


def test_one_that_never_started_is_behind() -> None:
    never = replace(HAPROXY, condition=Condition.FAILED, since=None)
    assert behind(EDGE, {"haproxy": 1.0}, [never]) == {"haproxy"}


def test_only_what_rereads_all_of_its_files_is_reloaded() -> None:
    assert mending(EDGE, frozenset({"haproxy", "yggdrasil"})) == Mending(
        reloaded=("haproxy",), restarted=("yggdrasil",)
    )


def test_what_gets_another_unit_is_restarted_but_a_task_is_done_again() -> None:
    """A reload of HAProxy would go on under the old account; nobody restarts the firewall."""
    changed = {"haproxy", "greygate-haproxy.service", "greygate-firewall.service"}
    assert mending(EDGE, frozenset(changed)) == Mending(
        reloaded=("firewall",), restarted=("haproxy",)
    )
