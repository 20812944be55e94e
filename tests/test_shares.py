"""Every long test has its turn."""

from __future__ import annotations

from collections import Counter

import pytest

import shares


def test_each_long_test_runs_in_one_turn_and_every_other_in_all(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmarkers = long")
    items = pytester.getitems(
        """
        import pytest

        @pytest.mark.long
        @pytest.mark.parametrize("number", range(9))
        def test_long(number): pass

        def test_short(): pass
        """
    )
    runs = Counter[str]()
    for turn in range(shares.SHARES):
        left_out = shares.left_out(items, turn)
        runs.update(it.name for it in items if it not in left_out)
    assert runs.pop("test_short") == shares.SHARES
    assert len(runs) == 9
    assert set(runs.values()) == {1}


def test_the_turn_follows_the_commit() -> None:
    assert shares.turn() in range(shares.SHARES)
