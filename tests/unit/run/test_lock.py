"""One `up` at a time."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from greygate.errors import Trouble
from greygate.plan.paths import Paths
from greygate.run.lock import held, running


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))


def test_nothing_runs_where_nothing_is(paths: Paths) -> None:
    assert not running(paths)
    assert not Path(paths.state).exists()


def test_a_second_one_is_refused_until_the_first_ends(paths: Paths) -> None:
    with held(paths):
        assert running(paths)
        with pytest.raises(Trouble, match="another greygate"), held(paths):
            pass
    assert not running(paths)
    with held(paths):
        pass
