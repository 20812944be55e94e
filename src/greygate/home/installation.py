"""The home half under systemd: the program in its lasting place, the units, and their end."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import greygate
from greygate.errors import MissingProgram, WrongUsage
from greygate.home.guard import StillIn
from greygate.home.half import Home
from greygate.home.place import Place
from greygate.home.preparation import Prepared
from greygate.home.start import Started, start
from greygate.machine import packages
from greygate.plan import paths
from greygate.progress import Progress
from greygate.run import sandbox
from greygate.run.foreground import Foreground
from greygate.run.systemd import UNITS, Systemd, is_here
from greygate.run.unit_text import TARGET
from greygate.text import _

PROGRAM = Path(paths.PROGRAM)
COMMAND = Path("/usr/local/bin/greygate")
SERVICES = UNITS / TARGET
PARTS = ("greygate", "src", "locks", "LICENSE", "README.md", "README.ru.md")
TREE = Path(greygate.__file__).parents[2]


def demand_possible(place: Place) -> None:
    """Trouble where systemd cannot keep services for us; wrong words come first."""
    if place.named:
        raise WrongUsage(
            _("cannot install a server from a state directory of its own"),
            _("run it there: greygate up --detach --state {state}").format(state=place.paths.state),
        )
    if not place.root:
        raise MissingProgram(_("cannot install: that needs root"), "sudo greygate install")
    if not is_here():
        raise MissingProgram(
            _("cannot install: systemd does not run this machine"),
            _("keep it running without: greygate up --detach"),
        )


def demand_sandbox() -> None:
    """Trouble where systemd cannot shut services in here; where ours are installed it can."""
    if not SERVICES.exists():
        sandbox.demand()


def demand_found_again(place: Place, source: Path) -> None:
    """Trouble where the timer and later commands, which get no flags, would look elsewhere."""
    if source.absolute() not in (place.new_site, place.trial_site):
        raise WrongUsage(
            _("cannot install from {file}: what systemd starts later looks in {usual}").format(
                file=source, usual=place.new_site
            ),
            _("install -D -m 600 {file} {usual}, then greygate install").format(
                file=source, usual=place.new_site
            ),
        )


def steps(source: Path) -> tuple[str, ...]:
    """What `install` does, in words."""
    return (
        _("copy the program to {program}").format(program=PROGRAM),
        _("make {command}").format(command=COMMAND),
        _("bring packages, accounts, keys and the Synapse engine, where they are missing"),
        _("render and prove the configuration that follows from {source}").format(source=source),
        _("write, enable and start the units greygate-*.service and greygate.target"),
    )


def copy_program(
    progress: Progress, *, tree: Path = TREE, program: Path = PROGRAM, command: Path = COMMAND
) -> None:
    """Put this tree where it may stay, whole or not at all, and `greygate` on the path."""
    if tree != program:
        with progress.step(_("copying the program to {program}").format(program=program)):
            _replace_tree(program, tree)
    if command.is_symlink() or not command.exists():
        fresh = command.with_name(".greygate.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(program / "greygate")
        fresh.replace(command)


def install(prepared: Prepared, progress: Progress, *, still_in: StillIn) -> Started:
    """Hand the services to systemd; those of a foreground that runs are ended first."""
    home = prepared.home
    foreground = Foreground(home.plan, home.units)
    if foreground.answers():
        foreground.stop(progress)
    Systemd(home.plan, home.units).write()
    return start(prepared, progress, detached=True, still_in=still_in)


def demand_removable(place: Place) -> None:
    """Trouble where nothing can be removed, as nobody but root installs."""
    if not place.root:
        raise MissingProgram(
            _("cannot uninstall: that needs root"),
            _("sudo greygate uninstall; a server of your own is stopped with: greygate down"),
        )


def uninstall(home: Home, progress: Progress) -> list[str]:
    """Remove services and program; the paths of what stays."""
    units = Systemd(home.plan, home.units)
    if is_here() and units.installed():
        with progress.step(_("stopping and removing the services")):
            units.remove()
    else:
        Foreground(home.plan, home.units).stop(progress)
    left = [str(home.source), str(home.plan.paths.state)]
    if not (is_here() and units.others()):  # whose program it is
        packages.forget_sources()
        remove_program()
    return left


def removed(home: Home) -> tuple[str, ...]:
    """What `uninstall` would take away, in words."""
    return (
        _("stop {name}, and remove its services").format(name=home.site.server_name),
        _("remove {program} and {command}, where no other server runs from it").format(
            program=PROGRAM, command=COMMAND
        ),
        _("leave {source} and {state}").format(source=home.source, state=home.plan.paths.state),
    )


def remove_program() -> None:
    """Take the copy of the program away, and the command that leads to it."""
    if COMMAND.is_symlink() and os.readlink(COMMAND) == str(PROGRAM / "greygate"):
        COMMAND.unlink()
    shutil.rmtree(PROGRAM, ignore_errors=True)


def _replace_tree(program: Path, tree: Path) -> None:
    fresh, old = (program.with_name(f"{program.name}.{end}") for end in ("new", "old"))
    for leftover in (fresh, old):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh.mkdir(parents=True)
    for part in PARTS:
        source = tree / part
        if source.is_dir():
            shutil.copytree(
                source,
                fresh / part,
                symlinks=True,  # root would read what a link in somebody's clone leads to
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        elif source.exists():
            shutil.copy2(source, fresh / part)
    _close(fresh)
    if program.exists():
        program.rename(old)
    fresh.rename(program)
    shutil.rmtree(old, ignore_errors=True)


def _close(tree: Path) -> None:
    """Only root may write what root will run, and everybody read it, however the clone had it."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or bool(path.stat().st_mode & stat.S_IXUSR)
            path.chmod(0o755 if runs else 0o644)
