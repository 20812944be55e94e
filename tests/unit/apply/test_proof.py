"""What programs say against their files, told whole; what operators add is checked each time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

import some_sites
from greygate.apply.proof import prove_in_place
from greygate.components import synapse
from greygate.errors import CannotApply
from greygate.plan.plan import Plan, plan_for
from greygate.progress import Silent
from greygate.site.model import Node, Site
from real_synapse import a_place, engine, prepare

__all__ = ["engine"]

pytestmark = pytest.mark.engine

# The file, and what of Synapse's own words must be told.
BAD = {
    "syntax": (
        "presence: [1\nb: 2\n",
        ("while parsing a flow sequence", "line 1, column 11", "expected ',' or ']'", "line 2"),
    ),
    "type": ("listeners: 3\n", ("Expected a list", "listeners")),
    "crash": ("presence: 5\n", ("AttributeError: 'int' object has no attribute 'get'",)),
    "missing keys": (
        "email: {smtp_host: x}\n",
        ("Password reset emails are enabled", "keys are missing:", "email.notif_from"),
    ),
    "module": ("modules: [{module: nope.Nope}]\n", ("ModuleNotFoundError: No module named",)),
    "octet": ("a: \x01\n", ("unacceptable character #x0001", "position 3")),
}


@pytest.fixture(scope="module")
def server(engine: PurePosixPath) -> Iterator[tuple[Site, Plan]]:
    site = some_sites.site(Node.MANAGED)
    with a_place() as paths:
        plan = plan_for(
            site, paths=paths, address=None, interface=None, engine=engine, accounts=False
        )
        prepare(site, plan)
        yield site, plan


def _own_file(plan: Plan, text: str) -> None:
    Path(plan.paths.synapse_settings / "own.yaml").write_text(text)


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD)
def test_a_file_that_synapse_refuses_is_told_whole(
    server: tuple[Site, Plan], text: str, words: tuple[str, ...]
) -> None:
    site, plan = server
    _own_file(plan, text)
    with pytest.raises(CannotApply) as refused:
        prove_in_place(plan, synapse.units(site, plan), Silent())
    for word in words:
        assert word in refused.value.what
    assert "File " not in refused.value.what  # a trace helps nobody
    assert str(plan.paths.synapse_settings) in refused.value.hint


def test_a_file_that_synapse_takes_is_no_trouble(server: tuple[Site, Plan]) -> None:
    site, plan = server
    _own_file(plan, "presence: {enabled: false}\n")
    prove_in_place(plan, synapse.units(site, plan), Silent())


@pytest.mark.parametrize(("name", "text"), [("own.yaml", "- a list\n"), ("own.yml", "a: b\n")])
def test_a_file_that_synapse_passes_over_is_named(
    server: tuple[Site, Plan], name: str, text: str
) -> None:
    site, plan = server
    for file in Path(plan.paths.synapse_settings).iterdir():
        file.unlink()
    Path(plan.paths.synapse_settings / name).write_text(text)
    told = Notes()
    prove_in_place(plan, synapse.units(site, plan), told)
    (note,) = told.notes
    assert name in note


class Notes(Silent):
    """What the user should see."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)
