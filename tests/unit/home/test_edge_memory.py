"""What home remembers of its edges, and how it finds that two hosts are one edge."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from greygate.home import edge_memory
from greygate.home.edge_memory import FRESH, REMEMBERED, Memory
from greygate.plan.paths import Paths

NOW = 1_795_000_000.0


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths.below(PurePosixPath(tmp_path), PurePosixPath(tmp_path / "run"))
    Path(made.edge_key("edge1").parent).mkdir(parents=True)
    return made


def met(*hosts: str) -> Memory:
    memory = Memory()
    for place, host in enumerate(hosts):
        memory = memory.meeting(host, NOW + place)
    return memory


@pytest.mark.parametrize(
    ("hosts", "twice"),
    [
        ((), False),
        (("a",), False),
        (("a", "a", "a"), False),
        (("a", "b"), False),  # it moved, or was rebooted
        (("a", "b", "c", "d"), False),
        (("a", "b", "a"), True),
        (("a", "a", "b", "b", "a", "c"), True),
    ],
)
def test_a_host_that_comes_back_is_one_of_two(hosts: tuple[str, ...], twice: bool) -> None:
    assert met(*hosts).twice(NOW + 60) is twice


def test_a_day_later_it_is_history() -> None:
    assert not met("a", "b", "a").twice(NOW + FRESH + 60)


def test_few_are_remembered() -> None:
    assert len(met(*map(str, range(50))).hosts) == REMEMBERED


def test_what_is_kept_is_loaded(paths: Paths) -> None:
    assert edge_memory.load(paths, "edge1") == Memory()
    memory = Memory(serial=3, digest="d", hosts=met("a", "b").hosts)
    edge_memory.keep(paths, "edge1", memory)
    assert edge_memory.load(paths, "edge1") == memory
    file = Path(paths.edge_key("edge1").with_name(edge_memory.FILE))
    assert file.stat().st_mode & 0o777 == 0o600
    before = file.stat().st_mtime_ns
    edge_memory.keep(paths, "edge1", memory)
    assert file.stat().st_mtime_ns == before
    edge_memory.forget(paths, "edge1")
    assert edge_memory.load(paths, "edge1") == Memory()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"serial": 1, "digest": "", "hosts": [1]}'])
def test_a_damaged_memory_is_none(paths: Paths, text: str) -> None:
    Path(paths.edge_key("edge1").with_name(edge_memory.FILE)).write_text(text)
    assert edge_memory.load(paths, "edge1") == Memory()
