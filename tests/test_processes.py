"""Which process runs what, where two share the tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from processes import queue_of

TESTS = Path(__file__).parent
LONGEST = "run/haproxy-admin.sock"  # below a test's own directory


def test_what_raises_a_world_waits_in_one_queue() -> None:
    raising = [it for it in TESTS.glob("*/test_*.py") if "lab: Raise" in it.read_text("utf-8")]
    assert raising
    names = [it.relative_to(TESTS.parent).as_posix() for it in raising]
    assert {queue_of(f"{name}::test") for name in names} == {"worlds"}
    assert queue_of("tests/unit/lab/test_names.py::test") == "rest"
    assert queue_of("tests/separation/test_fronts.py::test") == "rest"
    assert queue_of("tests/fresh/test_main_job.py::test") == "tests/fresh/test_main_job.py"


def test_files_of_a_worker_have_short_paths(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    """HAProxy's longest path of a unix socket has 97 octets; a test's name is cut to 30."""
    base = tmp_path.parent
    assert base.name.isdigit() == hasattr(pytestconfig, "workerinput")
    assert len(f"{base}/{'n' * 30}0/{LONGEST}") <= 97
