"""What is said of edges after they were told something."""

from __future__ import annotations

import pytest

import some_homes
import some_sites
from greygate.cli import edge_hearing
from greygate.home.agents import _unheard
from greygate.home.edge_memory import Memory, Met, keep
from greygate.identity import edge_keys
from greygate.plan.paths import Paths
from greygate.probe.answers import NoAnswer
from unit.home.test_edges import paths

assert paths  # a fixture


def test_an_edge_that_was_never_met_is_not_set_up_yet(
    paths: Paths, capsys: pytest.CaptureFixture[str]
) -> None:
    (link,) = some_homes.home(some_sites.federating()).plan.edges
    heard = _unheard(paths, link, NoAnswer("no answer over the overlay"))
    edge_hearing.note((heard,))
    assert capsys.readouterr().err == (
        "edge1 is not set up yet. Next: greygate edge deploy edge1 root@HOST\n"
    )
    assert edge_hearing.told((heard,))[0]["follows"] is False
    keep(paths, "edge1", Memory(serial=1, digest="x", hosts=(Met("a", 1.0),)))
    edge_hearing.note((_unheard(paths, link, NoAnswer("no answer over the overlay")),))
    assert "edge1 was not told: no answer over the overlay" in capsys.readouterr().err
    edge_keys.forget(paths, "edge1")
