"""What an edge tells of itself comes over the wire as it was."""

from __future__ import annotations

import json

import pytest

import some_edges
from greygate.plan import edge_state


def test_what_is_told_is_read() -> None:
    state = some_edges.state(down=("haproxy",), closed=(443,))
    assert edge_state.read(json.loads(json.dumps(edge_state.told(state)))) == state


@pytest.mark.parametrize(
    "change",
    [{"serial": None}, {"services": 1}, {"services": [{}]}, {"versions": []}, {"at": "x"}],
)
def test_what_is_no_state_is_told_as_such(change: dict[str, object]) -> None:
    told = {**edge_state.told(some_edges.state()), **change}
    with pytest.raises(ValueError, match=r"\w"):
        edge_state.read(told)
    with pytest.raises(ValueError, match="no state"):
        edge_state.read({})
