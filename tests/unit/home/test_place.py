"""Where a deployment lives, by who asks and what the environment says."""

from __future__ import annotations

from pathlib import Path

import pytest

from greygate.errors import Trouble
from greygate.home.place import demand_passable, place_for

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
