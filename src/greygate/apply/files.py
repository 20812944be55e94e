"""Rendered files, put in place once the programs they are for have taken them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path, PurePosixPath

from greygate.apply import outstanding, tree
from greygate.apply.differences import (
    Change,
    Replace,
    Texts,
    changes_between,
    difference,
    edited,
)
from greygate.apply.directories import OWN, PASSED, SHARED, Tree
from greygate.apply.proof import prove, prove_in_place
from greygate.apply.tree import Rights, RightsOf
from greygate.components.component import Component, Task, Unit
from greygate.errors import CannotApply
from greygate.machine.file_lock import locked
from greygate.machine.files import Owner, directory
from greygate.plan.footing import Derived, Footing, Wish
from greygate.progress import Progress
from greygate.text import _, listing

Components = tuple[Component[Wish, Derived], ...]

READ = 0o640  # by the service that it is for, through its group
OWN_FILE = 0o600


def planned(site: Wish, plan: Derived, components: Components[Wish, Derived]) -> tuple[Change, ...]:
    """What `apply` would change now."""
    place = Path(plan.paths.rendered)
    return changes_between(tree.read(place), rendered(site, plan, components))


def apply(
    site: Wish,
    plan: Derived,
    progress: Progress,
    *,
    components: Components[Wish, Derived],
    overwrite: bool = False,
) -> tuple[Change, ...]:
    """Render, prove, put in place; nothing is touched where nothing differs.

    What the operator adds may be another though our files are not: it is proved each time.
    What is in place is outstanding until the units that it concerns have taken it up.
    """
    place, old = Path(plan.paths.rendered), _old(plan)
    state = directory(plan.paths.state, mode=PASSED)
    waiting = _("waiting for another greygate, which puts its files in place")
    with _disk(place), locked(state / ".applying", progress, waiting=waiting):
        tree.recover(place, old)
        rights = _rights(site, plan, components)
        tree.give((place, old), rights)
        seen, wanted = tree.read(place), rendered(site, plan, components)
        changes = changes_between(seen, wanted)
        if not changes:
            prove_in_place(plan, _units(site, plan, components), progress)
            return ()
        foreign = edited(seen, tree.digests(place))
        if foreign and not overwrite:
            raise _edited_since(plan, seen, wanted, foreign)
        concerned = _concerned(site, plan, components, changes)
        _prove(site, plan, components, changes, progress)
        with outstanding.unchanged(place):
            due = outstanding.text(outstanding.load(place), concerned)
            beside = {**tree.kept(place), **{_aside(path): seen[path] for path in foreign}}
            beside[tree.OUTSTANDING] = due
            new = Path(plan.paths.proving().rendered)
            _write(plan, new, wanted, beside=beside, rights=rights)
            tree.put_in_place(new, place, old)
    if foreign:
        progress.note(
            _("edited by hand, and kept beside as *{suffix}: {files}").format(
                suffix=tree.EDITED, files=listing(foreign)
            )
        )
    return changes


def step_back(plan: Footing, *, concerned: frozenset[str] = frozenset()) -> None:
    """Have the files in place that were there before the last `apply`.

    `concerned`: units that have taken up the ones that go.
    """
    place = Path(plan.paths.rendered)
    with outstanding.unchanged(place):
        outstanding.add(_old(plan), concerned)
        tree.step_back(place, _old(plan))


def former(plan: Footing) -> Path:
    """Where the files are that were in place before the last `apply` that changed any."""
    return _old(plan)


def _old(plan: Footing) -> Path:
    return Path(plan.paths.state / "rendered.old")


def rendered(
    site: Wish, plan: Derived, components: Components[Wish, Derived]
) -> dict[PurePosixPath, str]:
    """Every file that the site wants, by its place below `rendered/`."""
    return {file.path: file.text for each in components for file in each.files(site, plan)}


def _prove(
    site: Wish,
    plan: Derived,
    components: Components[Wish, Derived],
    changes: tuple[Change, ...],
    progress: Progress,
) -> None:
    """Have the changed components' own programs read what we want to put in place."""
    unchanged = tuple(each for each in components if not _touches(each, site, plan, changes))
    prove_in_place(plan, _units(site, plan, unchanged), progress)
    trying = replace(plan, paths=plan.paths.proving())
    _write(
        trying,
        Path(trying.paths.rendered),
        rendered(site, trying, components),
        beside={},
        rights=_rights(site, plan, components),
    )
    changed = tuple(each for each in components if each not in unchanged)
    prove(trying, _units(site, trying, changed), progress)


def _units(site: Wish, plan: Derived, components: Components[Wish, Derived]) -> tuple[Unit, ...]:
    return tuple(unit for each in components for unit in each.units(site, plan))


def _concerned(
    site: Wish, plan: Derived, components: Components[Wish, Derived], changes: tuple[Change, ...]
) -> frozenset[str]:
    touched = tuple(each for each in components if _touches(each, site, plan, changes))
    return frozenset(unit.name for unit in _units(site, plan, touched))


def _touches(
    component: Component[Wish, Derived], site: Wish, plan: Derived, changes: tuple[Change, ...]
) -> bool:
    """Whether a change is the component's: of a file of its own, or in its own directory."""
    own = {file.path for file in component.files(site, plan)}
    return any(change.path in own or change.path.parts[0] == component.name for change in changes)


def _write(plan: Footing, place: Path, texts: Texts, *, beside: Texts, rights: RightsOf) -> None:
    Tree(accounts=plan.accounts).directory(plan.paths.state, PASSED)
    tree.write(place, texts, beside=beside, rights=rights)


def _rights(site: Wish, plan: Derived, components: Components[Wish, Derived]) -> RightsOf:
    """Each service reads its own files and no others: the password of a peer may be in them."""
    ours = Rights(Owner.ourselves(), OWN, OWN_FILE)
    if not plan.accounts:
        return lambda path: ours
    passed = Rights(Owner.ourselves(), PASSED, OWN_FILE)
    readers = {
        file.path.parts[0]: Rights(Owner(0, Owner.account(account).group), SHARED, READ)
        for component in components
        for account in _accounts(component, site, plan)
        for file in component.files(site, plan)
    }
    return lambda path: readers.get(path.parts[0], ours) if path.parts else passed


def _accounts(component: Component[Wish, Derived], site: Wish, plan: Derived) -> set[str]:
    """Under which account a component's programs run; none where they are root's."""
    units = component.units(site, plan)
    found = {it.account for it in units if not isinstance(it, Task) and it.account != "root"}
    assert len(found) <= 1, f"{component.name}: who shall read its files?"
    return found


def _aside(path: PurePosixPath) -> PurePosixPath:
    return path.with_name(f"{path.name}{tree.EDITED}")


def _edited_since(
    plan: Footing, seen: Texts, wanted: Texts, foreign: tuple[PurePosixPath, ...]
) -> CannotApply:
    """The edits themselves are shown: whoever reads this may have forgotten them."""
    edits = "".join(difference(Replace(path, wanted.get(path, ""), seen[path])) for path in foreign)
    return CannotApply(
        _("cannot replace {files} below {place}: edited since we wrote it\n{edits}").format(
            files=listing(foreign), place=plan.paths.rendered, edits=edits.rstrip()
        ),
        _(
            "bring what you need into the site file, then: greygate apply --overwrite "
            "(your text is kept beside it as *.edited)"
        ),
    )


@contextmanager
def _disk(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotApply(
            _("cannot write {place}: {reason}").format(
                place=error.filename or place, reason=error.strerror or error
            ),
            _("make room or mend the rights there, then run the same command again"),
        ) from error
