"""Which tests run here: all that can. What is left out is said, and why: at the start, or where
several processes share the tests, at the end.

On CI (CI=true) nothing is left out: what a test lacks there makes it fail.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer

import acme_rig.rig
import needs
import processes
import shares
from lab.sealed import sealed

__all__ = ["sealed"]

pytest_plugins = ("pytester",)  # for what tells our own collection how to go

GOLDEN = Path(__file__).parent / "golden"
ON_CI = os.environ.get("CI", "").lower() in ("true", "1")

Golden = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="rewrite the golden files")
    parser.addoption("--long", action="store_true", help="all of the long tests, not their share")


def pytest_configure(config: pytest.Config) -> None:
    """Debian keeps haproxy and nft where an ordinary user's PATH does not look."""
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{needs.SBIN}"
    processes.shorten_paths(config)
    settings.register_profile(
        "busy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("busy machine")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> processes.Queues:
    return processes.Queues(config, log)


def pytest_report_header(config: pytest.Config) -> str:
    share = f"part {shares.turn() + 1} of {shares.SHARES}, by the commit; all with --long"
    return f"long tests: {'all' if config.option.long else share}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.option.long:
        left_out = shares.left_out(items, shares.turn())
        config.hook.pytest_deselected(items=left_out)
        items[:] = [it for it in items if it not in left_out]
    items.sort(key=lambda it: processes.place_of(it.nodeid))  # else as they came


def pytest_report_collectionfinish(items: Sequence[pytest.Item]) -> list[str]:
    """The lines before the first test: what is left out, and why."""
    lacking = Counter(it for it in map(_lacking, items) if it)
    verb = "fails here" if ON_CI else "left out"
    return [
        f"{verb}: {count} of {mark}: {needs.why_not(mark)}"
        for mark, count in sorted(lacking.items())
    ]


def pytest_runtest_setup(item: pytest.Item) -> None:
    if mark := _lacking(item):
        reason = f"{mark}: {needs.why_not(mark)}"
        if ON_CI:
            pytest.fail(f"{reason}; on CI nothing is left out", pytrace=False)
        pytest.skip(reason)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compares a text with its golden file; with --update, writes it."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if request.config.getoption("--update"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        assert text == path.read_text("utf-8"), f"{path} differs; if rightly so: pytest --update"

    return compare


@pytest.fixture(scope="session")
def rig() -> Iterator[acme_rig.rig.Rig]:
    """Name servers and certificate authorities on loopback, for tests marked `acme`."""
    with acme_rig.rig.running() as made:
        yield made


def _lacking(item: pytest.Item) -> str | None:
    """The first mark of the test whose needs are not met here."""
    marks = (mark for mark in needs.LACKS if item.get_closest_marker(mark))
    return next((mark for mark in marks if needs.why_not(mark)), None)
