"""Keys are made once, kept for ever, and never silently made anew."""

from __future__ import annotations

import os
import stat
import subprocess
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath

import pytest

from greygate.errors import Trouble
from greygate.identity import keys
from greygate.plan.paths import Paths
from greygate.spec.yggdrasil import is_node


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))


def _contents(paths: Paths) -> dict[PurePosixPath, bytes]:
    return {key.path: Path(key.path).read_bytes() for key in keys.keys_of(paths)}


def test_the_second_start_changes_nothing(paths: Paths) -> None:
    keys.ensure_keys(paths, accounts=False)
    first = _contents(paths)
    keys.ensure_keys(paths, accounts=False)
    assert _contents(paths) == first
    assert len(set(first.values())) == len(first)


def test_only_their_owner_reads_them(paths: Paths) -> None:
    before = os.umask(0)
    try:
        keys.ensure_keys(paths, accounts=False)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(os.stat(key.path).st_mode) for key in keys.keys_of(paths)}
    assert modes == {0o400}
    assert stat.S_IMODE(os.stat(paths.keys).st_mode) == 0o711


@pytest.mark.parametrize("killed_after", range(5))
def test_a_start_that_was_killed_goes_on(paths: Paths, killed_after: int) -> None:
    keys.ensure_keys(paths, accounts=False)
    for key in keys.keys_of(paths)[killed_after:]:
        Path(key.path).unlink()
        Path(key.path).with_name(f".{key.path.name}.new").write_bytes(b"half")
    keys.ensure_keys(paths, accounts=False)
    assert all(key.sound(Path(key.path).read_bytes()) for key in keys.keys_of(paths))


@pytest.mark.parametrize("place", range(5))
def test_a_damaged_key_is_never_replaced(paths: Paths, place: int) -> None:
    keys.ensure_keys(paths, accounts=False)
    key = keys.keys_of(paths)[place]
    Path(key.path).chmod(0o600)
    Path(key.path).write_bytes(b"")
    with pytest.raises(Trouble, match="damaged") as met:
        keys.ensure_keys(paths, accounts=False)
    assert "identity.tar" in met.value.hint
    assert Path(key.path).read_bytes() == b""


def test_a_lost_key_is_never_replaced(paths: Paths) -> None:
    keys.ensure_keys(paths, accounts=False)
    Path(paths.signing_key).unlink()
    with pytest.raises(Trouble, match="another server"):
        keys.ensure_keys(paths, accounts=False)


def test_all_keys_lost_beside_an_archive_are_not_replaced(paths: Paths) -> None:
    Path(paths.state).mkdir()
    Path(paths.identity).write_bytes(b"")
    with pytest.raises(Trouble, match="another server"):
        keys.ensure_keys(paths, accounts=False)


def test_the_state_of_another_server_is_refused(paths: Paths) -> None:
    keys.claim(paths, "one.example")
    keys.claim(paths, "one.example")
    with pytest.raises(Trouble, match=r"one\.example") as met:
        keys.claim(paths, "other.example")
    assert "--state" in met.value.hint


def test_the_address_follows_the_key(paths: Paths) -> None:
    keys.ensure_keys(paths, accounts=False)
    assert is_node(keys.overlay_address(paths))


@pytest.mark.programs
def test_yggdrasil_reads_our_key_as_we_do(paths: Paths, tmp_path: Path) -> None:
    keys.ensure_keys(paths, accounts=False)
    settings = tmp_path / "node.json"
    settings.write_text(f'{{"PrivateKeyPath": "{paths.overlay_key}"}}')
    said = subprocess.run(
        ("yggdrasil", "-useconffile", settings, "-address"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert IPv6Address(said.stdout.strip()) == keys.overlay_address(paths)


def test_an_unreadable_overlay_key_has_no_address(paths: Paths) -> None:
    Path(paths.keys).mkdir(parents=True)
    Path(paths.overlay_key).write_bytes(b"-----BEGIN PRIVATE KEY-----")
    with pytest.raises(Trouble, match="damaged"):
        keys.overlay_address(paths)
