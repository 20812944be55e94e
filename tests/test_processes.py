"""Which process runs what, where several share the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from processes import place_of, queue_of

TESTS = Path(__file__).parent
LONGEST = "run/haproxy-admin.sock"  # below a test's own directory


SHARED = ("sealed: ", "Sealed)", "internet: World")  # what asks for a world that others share


def test_what_runs_in_a_shared_world_is_in_a_queue_of_it_and_no_other_world_is() -> None:
    for path in TESTS.glob("lab/test_*.py"):
        text, name = path.read_text("utf-8"), path.relative_to(TESTS.parent).as_posix()
        own = "lab: Raise" in text or not any(it in text for it in SHARED)
        assert (queue_of(f"{name}::test") == name) is own, name
    assert queue_of("tests/lab/test_agent.py::test") == "worlds"
    assert queue_of("tests/lab/test_strangers.py::test") == "second world"
    assert queue_of("tests/separation/test_volleys.py::test") == "worlds"
    assert queue_of("tests/unit/lab/test_names.py::test") == "rest"
    assert queue_of("tests/separation/test_fronts.py::test") == "rest"
    assert queue_of("tests/fresh/test_main_job.py::test") == "tests/fresh/test_main_job.py"
    assert queue_of("tests/certs/test_issue.py::test[/a]") == "tests/certs"


def test_the_long_queues_come_first() -> None:
    tests = ("tests/fresh/test_a.py::a", "tests/lab/test_agent.py::a", "tests/unit/test_a.py::a")
    in_order = sorted(tests, key=place_of)
    assert [queue_of(it) for it in in_order] == ["worlds", "rest", "tests/fresh/test_a.py"]


def test_files_of_a_worker_have_short_paths(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """HAProxy's longest path of a unix socket has 97 octets; a test's name is cut to 30."""
    base = tmp_path.parent
    assert base.name.isdigit() == hasattr(pytestconfig, "workerinput")
    assert len(f"{base}/{'n' * 30}0/{LONGEST}") <= 97
