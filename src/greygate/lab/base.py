"""The disks that hosts start from: layers built once, kept in the cache, stacked by overlayfs.

A layer is built below `building/` and renamed when it is whole, so one whose builder was killed is
never used; the next builder ends what that one left running and throws its work away.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from greygate.errors import Trouble
from greygate.lab import debian, groups, mounts
from greygate.lab.clone import copy_tree
from greygate.lab.locking import locked
from greygate.lab.places import Places
from greygate.lab.recipes import Recipe
from greygate.progress import Progress
from greygate.text import _

KILL_WITHIN = 10.0
# nspawn 252 ends with it where /run is on a disk; its directory is empty, and stays.
NOISE = "Attempted to remove disk file system under"


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """What building layers needs to know of this machine."""

    places: Places
    tree: Path  # our working tree
    environ: Mapping[str, str]
    progress: Progress


def layers_of(recipe: Recipe, builder: Builder) -> tuple[Path, ...]:
    """The directories of the disk, topmost first, each built now where the cache lacks it."""
    with locked(builder.places.cache / "lock", progress=builder.progress):
        for layer in reversed(recipe.stack):
            if not _place(layer, builder).is_dir():
                _clear(builder.places)
                _build(layer, builder)
    return tuple(_place(layer, builder) for layer in recipe.stack)


def _place(recipe: Recipe, builder: Builder) -> Path:
    return builder.places.layers / recipe.folder


def _clear(places: Places) -> None:
    """End and remove what a killed builder left."""
    groups.kill(places.builders, within=KILL_WITHIN)
    groups.remove(places.builders)
    mounts.clear(places.building)
    mounts.clear_exports(places.builders)
    shutil.rmtree(places.building, ignore_errors=True)


def _build(recipe: Recipe, builder: Builder) -> None:
    at = builder.places.building
    (at / "upper").mkdir(parents=True)
    builder.places.layers.mkdir(exist_ok=True)
    try:
        if recipe.below is None:
            _bootstrap(recipe, at / "upper", builder)
        else:
            with _stacked(recipe, builder) as root:
                _furnish(recipe, root, builder)
        os.sync()  # the name must not outlive a power cut that the content does not
        (at / "upper").rename(_place(recipe, builder))
    finally:
        _clear(builder.places)


def _bootstrap(recipe: Recipe, root: Path, builder: Builder) -> None:
    found = debian.mirrors(builder.environ)
    command = debian.bootstrap_command(
        root, recipe.debian, packages=recipe.packages, mirror=found.main
    )
    title = _("making a minimal Debian {name}, once: minutes").format(name=recipe.debian.value)
    with builder.progress.step(title):
        _run(command, builder)
    debian.settle(root, recipe.debian, found=found)


@contextmanager
def _stacked(recipe: Recipe, builder: Builder) -> Iterator[Path]:
    """The layer being built, over those below it."""
    assert recipe.below is not None
    at = builder.places.building
    for part in ("work", "root"):
        (at / part).mkdir()
    lower = [_place(layer, builder) for layer in recipe.below.stack]
    mounts.overlay(at / "root", lower=lower, upper=at / "upper", work=at / "work")
    try:
        yield at / "root"
    finally:
        mounts.clear(at)


def _furnish(recipe: Recipe, root: Path, builder: Builder) -> None:
    """Run the recipe's script inside, as if at a shell of that machine."""
    passing = [root / "root/lab"]
    passing[0].mkdir()
    for name, text in (*recipe.texts, ("script.sh", recipe.script)):
        (passing[0] / name).write_text(text)
    if trust := builder.environ.get("PIP_CERT"):
        shutil.copy(trust, root / debian.BUNDLE.lstrip("/"))
    if recipe.clone:
        passing.append(root / "root/greygate")
        copy_tree(builder.tree, passing[-1])
    given = {
        **debian.network_environment(builder.environ),
        "SUITE": recipe.debian.value,
        "MIRROR": debian.mirrors(builder.environ).main,
    }
    title = _("making the disk of a {name} machine, once: minutes").format(name=recipe.name)
    with builder.progress.step(title):
        command = _inside(root, ("sh", "/root/lab/script.sh"), given, builder.places.builders)
        _run(command, builder)
    for path in passing:
        shutil.rmtree(path)


def _inside(
    root: Path, argv: Sequence[str], given: Mapping[str, str], label: str
) -> tuple[str, ...]:
    """`argv` in `root`, not booted, with this machine's network and resolver."""
    return (
        *("systemd-nspawn", "--quiet", "--directory", str(root), "--register=no", "--keep-unit"),
        f"--machine={label}",  # else it is called as its directory: two of a name are one too many
        *("--resolv-conf=copy-host", "--timezone=off", "--link-journal=no", "--console=pipe"),
        *(f"--setenv={key}={value}" for key, value in given.items()),
        *argv,
    )


def _run(argv: Sequence[str], builder: Builder) -> None:
    """Run in the builders' control group; Trouble with the last line of what it said."""
    log = builder.places.build_log
    join = 'for file in $JOIN; do echo $$ >"$file"; done; exec "$@"'
    joining = {"JOIN": " ".join(map(str, groups.make(builder.places.builders)))}
    with log.open("wb") as said:
        done = subprocess.run(
            ("sh", "-c", join, "sh", *argv),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**builder.environ, **joining},
            check=False,
        )
    if done.returncode != 0:
        raise Trouble(
            _("cannot make a disk for the lab: {why}").format(why=_last_line(log)),
            _("all that was said is in {log}; mend the cause, then run it again").format(log=log),
        )


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return next((it for it in reversed(lines) if it.strip() and not it.startswith(NOISE)), "?")
