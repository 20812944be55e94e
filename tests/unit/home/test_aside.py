"""A trial makes room for a server for keeps, and nothing of it is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from greygate.errors import Trouble
from greygate.home.aside import set_trial_aside, trial_in
from greygate.home.place import Place
from greygate.progress import Silent
from greygate.run import lock
from some_homes import place

TRIAL = "trial-abcdefgh.internal"


def trial_at(state: Path, *, name: str = TRIAL) -> Place:
    """A state that holds a server of that name."""
    made = place(state)
    for folder in ("keys", "env", "engines"):
        (state / folder).mkdir(parents=True)
    (state / "keys/signing.key").write_text("secret")
    (state / "site.toml").write_text("trial = true")
    (state / "server-name").write_text(f"{name}\n")
    return made


def test_what_is_the_trials_own_goes_and_what_is_shared_stays(tmp_path: Path) -> None:
    made = trial_at(tmp_path / "s")
    set_trial_aside(made, Silent())
    aside = tmp_path / "s/trials" / TRIAL
    assert (aside / "keys/signing.key").read_text() == "secret"
    assert sorted(path.name for path in aside.iterdir()) == ["keys", "server-name", "site.toml"]
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["engines", "env", "trials"]
    assert trial_in(made) is None


def test_one_that_was_cut_short_goes_on(tmp_path: Path) -> None:
    made = trial_at(tmp_path / "s")
    aside = tmp_path / "s/trials" / TRIAL
    aside.mkdir(parents=True)
    (tmp_path / "s/site.toml").rename(aside / "site.toml")
    set_trial_aside(made, Silent())
    assert (aside / "site.toml").exists() and (aside / "server-name").exists()


def test_a_server_for_keeps_is_never_touched(tmp_path: Path) -> None:
    made = trial_at(tmp_path / "s", name="home.example")
    set_trial_aside(made, Silent())
    assert (tmp_path / "s/keys/signing.key").exists()
    assert not (tmp_path / "s/trials").exists()


def test_a_trial_that_is_at_work_stays_and_the_way_on_is_told(tmp_path: Path) -> None:
    made = trial_at(tmp_path / "s")
    with lock.held(made.paths), pytest.raises(Trouble) as told:
        set_trial_aside(made, Silent())
    assert "greygate down" in told.value.hint
    assert (tmp_path / "s/keys/signing.key").exists()
