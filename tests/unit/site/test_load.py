from __future__ import annotations

import os
from pathlib import Path

import pytest

from greygate.errors import SiteRefused, Trouble, WrongUsage
from greygate.site import load

TEXT = 'server_name = "twinkle.org"\nfederation = false\n'


def test_the_file_that_was_named_is_used_be_it_there_or_not(tmp_path: Path) -> None:
    environ = {"GREYGATE_SITE": "/two.toml"}
    assert load.find(Path("/one.toml"), environ, tmp_path) == Path("/one.toml")
    assert load.find(None, environ, tmp_path) == Path("/two.toml")


def test_the_first_usual_place_that_has_one_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, state = tmp_path / "here", tmp_path / "state"
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "config")}
    if load.home(environ, os.geteuid()).exists():
        pytest.skip("this machine has a server of root's, whose site file would be found")
    usual = [state / "site.toml", here / "site.toml"]
    if os.geteuid() != 0:
        usual.insert(1, tmp_path / "config" / "greygate" / "site.toml")
    for place in usual:
        place.parent.mkdir(parents=True)
    monkeypatch.chdir(here)
    assert load.find(None, environ, state) is None
    for place in usual:
        place.write_text(TEXT)
        found = load.find(None, environ, state)
        assert found is not None
        assert found.resolve() == place


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_that_somebody_else_put_here_is_not_used_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    here = tmp_path / "site.toml"
    here.write_text(TEXT)
    os.chown(here, 1234, 1234)
    with pytest.raises(WrongUsage, match="others can write it"):
        load.find(None, {}, tmp_path / "state")
    assert load.find(None, {"SUDO_UID": "1234"}, tmp_path / "state") == Path("site.toml")
    assert load.find(here, {}, tmp_path / "state") == here
    os.chown(here, 0, 0)
    here.chmod(0o666)
    with pytest.raises(WrongUsage, match="others can write it"):
        load.find(None, {}, tmp_path / "state")


def test_each_user_has_a_place() -> None:
    assert load.home({"HOME": "/root"}, 0) == Path("/etc/greygate/site.toml")
    assert load.home({"HOME": "/h"}, 1000) == Path("/h/.config/greygate/site.toml")
    assert load.home({"XDG_CONFIG_HOME": "/x"}, 1000) == Path("/x/greygate/site.toml")
    relative = {"XDG_CONFIG_HOME": "x", "HOME": "/h"}
    assert load.home(relative, 1000) == Path("/h/.config/greygate/site.toml")


def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("\ufeff" + TEXT, "utf-8")
    assert str(load.load(path).server_name) == "twinkle.org"


def test_mistakes_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("")
    with pytest.raises(SiteRefused) as caught:
        load.load(path)
    assert caught.value.where == str(path)


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    large, odd, below = tmp_path / "large", tmp_path / "odd", tmp_path / "odd" / "below"
    large.write_bytes(b"#" * (load.LARGEST + 1))
    odd.write_bytes(b"a = 1\n\xff")
    for path, why in (
        (tmp_path / "absent", "not there"),
        (tmp_path, "a directory"),
        (large, "larger"),
        (odd, "line 2 is not UTF-8"),
        (below, "Not a directory"),
    ):
        with pytest.raises(Trouble, match=why) as caught:
            load.read(path)
        assert caught.value.hint


def test_a_new_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "site.toml"
    load.write(path, TEXT)
    assert path.read_text() == TEXT
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("mine")
    with pytest.raises(load.SiteExists) as caught:
        load.write(path, TEXT)
    assert caught.value.path == path
    assert isinstance(caught.value, WrongUsage)
    assert path.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("path", ["/dev/null", "/"])
def test_what_is_no_file_is_not_to_be_moved_away(path: str) -> None:
    """`mv /dev/null /dev/null.old` was the advice."""
    assert "mv " not in load.SiteExists(Path(path)).hint
    with pytest.raises(WrongUsage) as caught:
        load.write(Path(path) if path != "/" else Path("/proc/site.toml"), TEXT)
    assert "mv " not in caught.value.hint
    assert "--site FILE" in caught.value.hint


@pytest.mark.parametrize("caller", ["abc", "", "-1", "99999999999999999999"])
def test_whoever_called_sudo_is_a_number_or_nobody(
    caller: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "site.toml").write_text(TEXT)
    assert load.find(None, {"SUDO_UID": caller}, tmp_path / "state") == Path("site.toml")
