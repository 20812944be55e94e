"""The order in which units start."""

from __future__ import annotations

import pytest

from greygate.components.component import Task
from greygate.run.state import in_order


def task(name: str, *after: str) -> Task:
    return Task(name=name, description=name, up=(), down=(), after=after)


def test_each_comes_behind_what_it_names() -> None:
    units = (task("door", "node"), task("node", "wall"), task("wall"))
    assert [unit.name for unit in in_order(units)] == ["wall", "node", "door"]


def test_else_they_stay_as_they_came() -> None:
    units = (task("b"), task("a"), task("c", "elsewhere"))
    assert in_order(units) == units


def test_units_that_wait_for_each_other_are_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError, match="wait for each other"):
        in_order((task("a", "b"), task("b", "a")))
