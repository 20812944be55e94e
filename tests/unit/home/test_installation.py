"""What `install` does in words, and how the program gets to where it may stay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from greygate.errors import MissingProgram, WrongUsage
from greygate.home.installation import (
    COMMAND,
    PROGRAM,
    copy_program,
    demand_found_again,
    demand_possible,
    steps,
)
from greygate.progress import Silent
from some_homes import place


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A clone with more in it than what is copied."""
    clone = tmp_path / "clone"
    for name in (
        "greygate",
        "src/greygate/new.py",
        "src/__pycache__/x.pyc",
        ".git/HEAD",
        "tests/x",
    ):
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_text(name)
    (clone / "greygate").chmod(0o755)
    return clone


def copy(tree: Path, root: Path) -> tuple[Path, Path]:
    program, command = root / "lib/greygate", root / "bin/greygate"
    command.parent.mkdir(parents=True, exist_ok=True)
    copy_program(Silent(), tree=tree, program=program, command=command)
    return program, command


def kept(program: Path) -> set[str]:
    return {str(it.relative_to(program)) for it in program.rglob("*") if it.is_file()}


def test_the_steps_name_every_place() -> None:
    told = "\n".join(steps(Path("/etc/greygate/site.toml")))
    assert str(PROGRAM) in told
    assert str(COMMAND) in told
    assert "/etc/greygate/site.toml" in told


def test_what_runs_is_copied_and_nothing_else(tree: Path, tmp_path: Path) -> None:
    program, command = copy(tree, tmp_path)
    assert kept(program) == {"greygate", "src/greygate/new.py"}
    assert command.resolve() == program / "greygate"
    assert (program / "greygate").stat().st_mode & 0o111


def test_only_its_owner_may_write_what_was_copied_whoever_could_in_the_clone(
    tree: Path, tmp_path: Path
) -> None:
    for path in (tree, *tree.rglob("*")):
        path.chmod(0o777 if path.is_dir() or path.name == "greygate" else 0o666)
    program, _command = copy(tree, tmp_path)
    modes = {it.stat().st_mode & 0o777 for it in (program, *program.rglob("*"))}
    assert modes == {0o755, 0o644}


def test_a_link_in_the_clone_is_copied_as_a_link(tree: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    (tree / "src/link").symlink_to(secret)
    program, _command = copy(tree, tmp_path)
    assert (program / "src/link").is_symlink()
    assert secret.stat().st_mode & 0o777 == 0o600


def test_an_update_replaces_the_whole(tree: Path, tmp_path: Path) -> None:
    program, _command = copy(tree, tmp_path)
    (program / "src/greygate/gone.py").touch()
    (tree / "src/greygate/new.py").write_text("newer")
    copy(tree, tmp_path)
    assert kept(program) == {"greygate", "src/greygate/new.py"}
    assert (program / "src/greygate/new.py").read_text() == "newer"
    assert [it.name for it in program.parent.iterdir()] == ["greygate"]


def test_what_a_kill_left_does_not_stay(tree: Path, tmp_path: Path) -> None:
    for leftover in ("lib/greygate.new/half", "lib/greygate.old/half"):
        (tmp_path / leftover).mkdir(parents=True)
    program, _command = copy(tree, tmp_path)
    assert [it.name for it in program.parent.iterdir()] == ["greygate"]


def test_a_command_that_is_somebody_elses_is_left_alone(tree: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "bin/greygate"
    theirs.parent.mkdir()
    theirs.write_text("theirs")
    copy(tree, tmp_path)
    assert theirs.read_text() == "theirs"


def test_the_installed_program_is_not_copied_onto_itself(tree: Path, tmp_path: Path) -> None:
    program, command = copy(tree, tmp_path)
    copy_program(Silent(), tree=program, program=program, command=command)
    assert kept(program) == {"greygate", "src/greygate/new.py"}


def test_without_root_the_way_to_it_is_told(tmp_path: Path) -> None:
    with pytest.raises(MissingProgram, match="needs root") as trouble:
        demand_possible(replace(place(tmp_path / "s"), named=False))
    assert trouble.value.hint == "sudo greygate install"


def test_a_site_file_that_later_commands_would_not_find_is_not_installed(tmp_path: Path) -> None:
    usual = place(tmp_path)
    for source in (usual.new_site, usual.trial_site):
        demand_found_again(usual, source)
    with pytest.raises(WrongUsage) as refused:
        demand_found_again(usual, tmp_path / "elsewhere/site.toml")
    moved = f"install -D -m 600 {tmp_path}/elsewhere/site.toml {usual.new_site}"
    assert refused.value.hint.startswith(moved)
