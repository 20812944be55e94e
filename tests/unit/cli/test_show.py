"""What follows from a site file, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from greygate.cli import show
from greygate.home.place import Place
from some_homes import home
from some_sites import SITES
from unit.cli.conftest import NAME, Run

Golden = Callable[[str, str], None]


@pytest.mark.parametrize("name", ["managed", "trial", "loopback"])
def test_the_plan_is_as_kept(golden: Golden, name: str) -> None:
    it = home(SITES[name]())
    golden(f"plan/{name}.txt", show.text(it) + "\n")
    golden(f"plan/{name}.json", json.dumps(show.told(it), indent=2) + "\n")


def test_a_server_that_was_never_started_has_a_plan(run: Run, made: Place) -> None:
    asked = run("show", "plan", "--state", made.paths.state, "--json")
    assert asked.code == 0
    told = json.loads(asked.out)
    assert told["server_name"] == NAME
    assert told["addresses"] == ["127.0.0.1", "::1"]


def test_files_are_listed_and_printed(run: Run, made: Place) -> None:
    state = ("--state", made.paths.state)
    listed = run("show", "files", *state).out.splitlines()
    assert "haproxy/haproxy.cfg" in listed
    text = run("show", "files", "haproxy/haproxy.cfg", *state).out
    assert "frontend" in text
    told = json.loads(run("show", "files", "--json", *state).out)
    assert list(told) == listed
    assert told["haproxy/haproxy.cfg"].rstrip() == text.rstrip()


def test_a_file_that_is_none_names_its_neighbour(run: Run, made: Place) -> None:
    asked = run("show", "files", "haproxy.cfg", "--state", made.paths.state)
    assert asked.code == 2
    assert "did you mean haproxy/haproxy.cfg?" in asked.err
    asked = run("show", "files", "nonsense", "--state", made.paths.state)
    assert "one of: " in asked.err


def test_no_public_authority_is_said_to_vouch_for_an_address() -> None:
    told = show.told(home(SITES["federating"]()))
    assert told["certificate"] == ["twinkle.example", "m.twinkle.example", "edge.other.example"]
    assert told["homeserver"] == "https://m.twinkle.example"
    assert "or by" not in show.text(home(SITES["federating"]()))
