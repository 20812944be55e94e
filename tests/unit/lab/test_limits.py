"""What this machine must allow for many hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from greygate.errors import Trouble
from greygate.lab.limits import ENOUGH, allow_hosts


@pytest.mark.parametrize(("before", "after"), [("128\n", ENOUGH), ("4096\n", 4096)])
def test_a_low_limit_is_raised_and_a_high_one_left(tmp_path: Path, before: str, after: int) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text(before)
    assert allow_hosts(limit) == (before == "128\n")
    assert int(limit.read_text()) == after
    assert not allow_hosts(limit)


class Sealed(type(Path())):  # type: ignore[misc]
    """A limit that may be read, as in a container."""

    def write_text(self, *_words: object, **_more: object) -> int:
        raise OSError(30, "Read-only file system")


def test_where_it_may_not_be_raised_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "limit").write_text("128\n")
    with pytest.raises(Trouble, match="Read-only file system"):
        allow_hosts(Sealed(tmp_path / "limit"))
