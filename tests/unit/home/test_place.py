"""Where a deployment lives, by who asks and what the environment says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from greygate.errors import Trouble
from greygate.home.place import demand_passable, place_for, remember

ROOT, SOMEBODY = 0, 1000


def test_roots_is_where_debian_keeps_services() -> None:
    place = place_for({"HOME": "/root", "XDG_DATA_HOME": "/root/share"}, uid=ROOT)
    assert str(place.paths.state) == "/var/lib/greygate"
    assert str(place.paths.runtime) == "/run/greygate"
    assert str(place.new_site) == "/etc/greygate/site.toml"
    assert str(place.trial_site) == "/var/lib/greygate/site.toml"
    assert place.root and not place.named


def test_to_name_the_usual_place_is_to_name_nothing() -> None:
    assert place_for({}, uid=0, state=Path("/var/lib/greygate")) == place_for({}, uid=0)
    assert place_for({"HOME": "/root"}, uid=1000, state=Path("/var/lib/greygate")).named


def test_anybody_elses_is_below_home() -> None:
    place = place_for({"HOME": "/home/anna"}, uid=SOMEBODY)
    assert str(place.paths.state) == "/home/anna/.local/share/greygate"
    assert str(place.paths.runtime) == "/home/anna/.local/share/greygate/run"
    assert str(place.new_site) == "/home/anna/.config/greygate/site.toml"
    assert not place.root


def test_the_xdg_directories_are_heeded() -> None:
    place = place_for(
        {
            "HOME": "/home/anna",
            "XDG_DATA_HOME": "/data",
            "XDG_CONFIG_HOME": "/config",
            "XDG_RUNTIME_DIR": "/run/user/1000",
        },
        uid=SOMEBODY,
    )
    assert str(place.paths.state) == "/data/greygate"
    assert str(place.paths.runtime) == "/run/user/1000/greygate"
    assert str(place.new_site) == "/config/greygate/site.toml"


@pytest.mark.parametrize("uid", [ROOT, SOMEBODY])
def test_a_named_state_directory_holds_the_site_file_too(uid: int) -> None:
    environ = {"HOME": "/home/anna", "XDG_RUNTIME_DIR": "/run/user/1000"}
    place = place_for(environ, uid=uid, state=Path("/srv/one"))
    assert str(place.paths.state) == "/srv/one"
    assert place.new_site == place.trial_site == Path("/srv/one/site.toml")
    assert place.named


@pytest.mark.parametrize("uid", [ROOT, SOMEBODY])
def test_two_named_ones_never_share_sockets(uid: int) -> None:
    environ = {"HOME": "/home/anna", "XDG_RUNTIME_DIR": "/run/user/1000"}
    one, two, one_again = (
        place_for(environ, uid=uid, state=Path(name)).paths.runtime
        for name in ("/srv/one", "/srv/two", "/srv/one")
    )
    assert one == one_again != two
    assert one != place_for(environ, uid=uid).paths.runtime


def test_the_variable_names_one_and_the_flag_goes_before_it() -> None:
    environ = {"HOME": "/home/anna", "GREYGATE_STATE": "/srv/one"}
    assert str(place_for(environ, uid=SOMEBODY).paths.state) == "/srv/one"
    flagged = place_for(environ, uid=SOMEBODY, state=Path("/srv/two"))
    assert str(flagged.paths.state) == "/srv/two"


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}])
def test_without_a_home_it_is_said_what_to_set(environ: dict[str, str]) -> None:
    with pytest.raises(Trouble, match="HOME is not set") as trouble:
        place_for(environ, uid=SOMEBODY)
    assert "--state" in trouble.value.hint


def test_a_path_too_long_for_a_socket_is_refused_before_anything_is_made() -> None:
    deep = Path("/home/anna") / ("x" * 90)
    with pytest.raises(Trouble, match="too long for a socket") as trouble:
        place_for({"HOME": "/home/anna"}, uid=SOMEBODY, state=deep)
    assert "shorter" in trouble.value.hint


def test_a_closed_way_stops_root(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(Trouble, match="may not pass through"):
        demand_passable(place_for({}, uid=ROOT, state=tmp_path / "state"))
    demand_passable(place_for({}, uid=SOMEBODY, state=tmp_path / "s"))


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a file away: needs root")
def test_one_name(tmp_path: Path) -> None:
    state, ours = tmp_path / "s", os.geteuid()
    state.mkdir(parents=True)
    (tmp_path / "link").symlink_to(state)
    environ = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "r")}
    first = place_for(environ, uid=ours, state=state)
    for spelled in (tmp_path / "link", state / ".." / "s", Path(f"{state}/")):
        assert place_for(environ, uid=ours, state=spelled) == first
    user = place_for(environ, uid=SOMEBODY, state=state).paths
    Path(user.runtime).mkdir(parents=True)
    remember(user)
    os.chown(state / "location.json", SOMEBODY, -1)
    elsewhere = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "o")}
    assert place_for(elsewhere, uid=SOMEBODY, state=state).paths == user
    assert place_for(elsewhere, uid=SOMEBODY + 1, state=state).paths.runtime != user.runtime
    Path(user.runtime).rmdir()  # its session is over, and a new one begins elsewhere
    assert place_for(elsewhere, uid=SOMEBODY, state=state).paths.runtime != user.runtime


def test_usual_for_anybody(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "d")}
    usual = tmp_path / "d/greygate"
    usual.mkdir(parents=True)
    (tmp_path / "link").symlink_to(usual)
    for named in (usual, tmp_path / "link"):
        assert place_for(environ, uid=SOMEBODY, state=named) == place_for(environ, uid=SOMEBODY)


def test_a_copy_of_a_state_is_another(tmp_path: Path) -> None:
    environ, ours = {"HOME": str(tmp_path)}, os.geteuid()
    first = place_for(environ, uid=ours, state=tmp_path / "one")
    (tmp_path / "one").mkdir()
    remember(first.paths)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    second = place_for(environ, uid=ours, state=tmp_path / "two")
    assert second.paths.state == PurePosixPath(tmp_path / "two")
    assert second.paths.runtime != first.paths.runtime


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts: needs root")
def test_a_bind_mount_is_the_same_state(tmp_path: Path) -> None:
    first = place_for({"HOME": str(tmp_path)}, uid=0, state=tmp_path / "one")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    remember(first.paths)
    code = (
        "import sys; from pathlib import Path; from greygate.home.place import place_for;"
        "print(place_for({}, uid=0, state=Path(sys.argv[1])).paths.state)"
    )
    mounted = 'mount --bind "$1" "$2" && exec "$3" -c "$4" "$2"'
    words = (tmp_path / "one", tmp_path / "two", sys.executable, code)
    said = subprocess.run(
        ("unshare", "--mount", "sh", "-c", mounted, "sh", *words),
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == str(first.paths.state)
