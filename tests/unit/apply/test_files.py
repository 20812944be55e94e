"""Rendered files put in place: proved, whole, and nobody's edit lost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from greygate.apply import outstanding
from greygate.apply.differences import Change, Create, Delete, Replace, difference
from greygate.apply.files import apply, planned, step_back
from greygate.components.component import Component, File, Task
from greygate.errors import CannotApply
from greygate.plan.paths import Paths
from greygate.plan.plan import Plan
from greygate.progress import Silent
from greygate.site.model import Site
from some_sites import SITES

Home = Component[Site, Plan]

SITE, LOOPBACK_PLAN = SITES["loopback"]()
PLACE = PurePosixPath("it/it.conf")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    return replace(LOOPBACK_PLAN, paths=paths)


def component(text: str | None, proof: tuple[str, ...] = ("true",), name: str = "it") -> Home:
    """One file and a task that proves it; `{}` in the proof is where the file lies."""

    def units(_site: object, plan: Plan) -> tuple[Task, ...]:
        words = tuple(word.format(plan.paths.rendered / PLACE) for word in proof)
        return (Task(name=f"{name}-task", description="", up=(), down=(), proof=words),)

    return Component(
        name=name,
        files=lambda _site, plan: () if text is None else (File(PLACE, text),),
        units=units,
        packages=lambda _site: (),
    )


def put(plan: Plan, *components: Home, overwrite: bool = False) -> tuple[Change, ...]:
    return apply(SITE, plan, Silent(), overwrite=overwrite, components=components)


def inside(plan: Plan) -> Path:
    return Path(plan.paths.rendered / PLACE)


def due(plan: Plan) -> set[str]:
    return set(outstanding.load(Path(plan.paths.rendered)))


def taken_up(plan: Plan) -> None:
    tree = Path(plan.paths.rendered)
    outstanding.settle(tree, outstanding.load(tree))
    assert due(plan) == set()


def test_the_first_time_everything_is_made(plan: Plan) -> None:
    assert put(plan, component("one\n")) == (Create(PLACE, "one\n"),)
    assert due(plan) == {"it-task"}
    assert inside(plan).read_text() == "one\n"
    assert inside(plan).stat().st_mode & 0o777 == 0o600


def test_nothing_is_done_where_nothing_differs(plan: Plan) -> None:
    put(plan, component("one\n"))
    assert put(plan, component("one\n", proof=("false",))) == ()


def test_the_former_is_kept_for_one_step_back(plan: Plan) -> None:
    put(plan, component("one\n"))
    assert put(plan, component("two\n")) == (Replace(PLACE, "one\n", "two\n"),)
    assert Path(plan.paths.state / "rendered.old" / PLACE).read_text() == "one\n"


def test_what_is_no_longer_wanted_goes(plan: Plan) -> None:
    put(plan, component("one\n"))
    taken_up(plan)
    assert put(plan, component(None)) == (Delete(PLACE, "one\n"),)
    assert due(plan) == {"it-task"}  # its directory was the component's
    assert not inside(plan).exists()


def test_what_is_refused_is_quoted_and_the_old_one_stays(plan: Plan) -> None:
    put(plan, component("one\n"))
    with pytest.raises(CannotApply, match=r"line 1 / it is wrong: two") as told:
        put(
            plan,
            component(
                "two\n", ("sh", "-c", "echo line 1; cat {} | sed 's/^/it is wrong: /'; false")
            ),
        )
    assert str(plan.paths.proving().rendered) in told.value.hint
    assert inside(plan).read_text() == "one\n"


def test_only_what_changed_is_proved(plan: Plan) -> None:
    other = Component(
        name="other",
        files=lambda _site, _plan: (File(PurePosixPath("other/x"), "x"),),
        units=component("", ("false",), "other").units,
        packages=lambda _site: (),
    )
    put(plan, component("one\n"), replace(other, units=lambda _site, _plan: ()))
    taken_up(plan)
    put(plan, component("two\n"), other)
    assert due(plan) == {"it-task"}


def test_an_edit_is_shown_and_not_overwritten(plan: Plan) -> None:
    put(plan, component("one\n"))
    inside(plan).write_text("mine\n")
    with pytest.raises(CannotApply, match=r"(?s)edited since.*\+mine"):
        put(plan, component("two\n"))
    assert inside(plan).read_text() == "mine\n"


def test_an_edit_is_kept_beside_even_by_later_changes(plan: Plan) -> None:
    put(plan, component("one\n"))
    inside(plan).write_text("mine\n")
    put(plan, component("two\n"), overwrite=True)
    put(plan, component("three\n"))
    assert inside(plan).read_text() == "three\n"
    assert inside(plan).with_name("it.conf.edited").read_text() == "mine\n"


def test_a_replacement_killed_half_way_is_taken_up(plan: Plan) -> None:
    put(plan, component("one\n"))
    tree = Path(plan.paths.rendered)
    tree.rename(tree.with_name("rendered.old"))  # as on a file system that cannot exchange
    assert put(plan, component("two\n")) == (Replace(PLACE, "one\n", "two\n"),)


def test_what_was_not_taken_up_is_not_forgotten(plan: Plan) -> None:
    """As after a kill between the exchange and the reload: the next run finds nothing to change."""
    put(plan, component("one\n"))
    taken_up(plan)
    put(plan, component("two\n"))
    assert put(plan, component("two\n")) == ()
    assert due(plan) == {"it-task"}
    other = replace(component("x\n", name="other"), files=lambda _site, _plan: ())
    put(plan, component("three\n"), other)
    assert due(plan) == {"it-task"}


def test_what_a_kill_left_of_its_own_record_is_no_edit(plan: Plan) -> None:
    put(plan, component("one\n"))
    (Path(plan.paths.rendered) / ".outstanding.json.new").write_text("{")
    assert put(plan, component("one\n")) == ()
    put(plan, component("two\n"))
    assert inside(plan).read_text() == "two\n"


def test_what_another_put_in_place_meanwhile_stays_outstanding(plan: Plan) -> None:
    put(plan, component("one\n"))
    tree = Path(plan.paths.rendered)
    taken = outstanding.load(tree)
    put(plan, component("two\n"))
    outstanding.settle(tree, taken)
    assert due(plan) == {"it-task"}


def test_one_step_back_owes_what_was_owed_before(plan: Plan) -> None:
    put(plan, component("one\n"))
    taken_up(plan)
    put(plan, component("two\n"))
    step_back(plan)
    assert due(plan) == set()
    put(plan, component("two\n"))
    step_back(plan, concerned=frozenset({"it-task"}))  # which runs with what goes
    assert due(plan) == {"it-task"}
    assert inside(plan).read_text() == "one\n"


def test_a_plan_changes_nothing(plan: Plan) -> None:
    assert planned(SITE, plan, (component("one\n"),)) == (Create(PLACE, "one\n"),)
    assert not Path(plan.paths.state).exists()


def test_a_difference_is_a_unified_diff() -> None:
    assert difference(Replace(PLACE, "a\nb", "a\nc\n")) == (
        "--- a/it/it.conf\n+++ b/it/it.conf\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
    )
    assert difference(Create(PLACE, "a\n")).startswith("--- /dev/null\n+++ b/it/it.conf\n")
    assert difference(Delete(PLACE, "a\n")).startswith("--- a/it/it.conf\n+++ /dev/null\n")


def test_two_at_once_leave_a_whole_tree(plan: Plan) -> None:
    one, other = (component(word * 9, proof=("sleep", "0.1")) for word in ("one\n", "other\n"))
    with ThreadPoolExecutor() as pool:
        for _round in range(5):
            for done in [pool.submit(put, plan, it) for it in (one, other)]:
                done.result()
            assert inside(plan).read_text() in ("one\n" * 9, "other\n" * 9)
