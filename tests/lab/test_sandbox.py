"""systemd on a host cannot set up what our units ask for: which of it, and what cures it."""

from __future__ import annotations

import pytest

from greygate.lab.world import World
from lab.federation import Sealed, run

pytestmark = pytest.mark.lab

ASK = """
import sys
from greygate.errors import Trouble
from greygate.run import sandbox
try:
    sandbox.demand((*sandbox.ASKED, *sys.argv[1:]))
    sys.stdout.write("it can")
except Trouble as trouble:
    sys.stdout.write(trouble.what + " | " + trouble.hint)
"""
PYTHON = """
PYTHONPATH=/root/greygate/src exec "$(ls -t /var/lib/greygate/env/*/bin/python | head -n 1)" "$@"
"""


@pytest.fixture(scope="module")
def home(sealed: Sealed) -> World:
    return sealed.lab


def tried(lab: World, *more: str) -> str:
    done = run(lab, "home", "sh", "-c", PYTHON, "sh", "-c", ASK, *more)
    assert done.returncode == 0, done.stderr
    left = run(lab, "home", "systemctl", "list-units", "--all", "--no-legend", "greygate-trial*")
    assert left.stdout == ""
    return done.stdout


def test_a_host_that_can_is_told_nothing(home: World) -> None:
    assert tried(home) == "it can"


@pytest.mark.parametrize(
    ("more", "status", "cure"),
    [
        ("ReadWritePaths=/nowhere", 226, "nesting"),
        ("Group=nobody-of-this-name", 216, "make its accounts anew"),
        ("User=nobody-of-this-name", 217, "make its accounts anew"),
    ],
)
def test_what_systemd_cannot_do_has_its_cure(
    home: World, more: str, status: int, cure: str
) -> None:
    said = tried(home, more)
    assert f"(systemd's status {status})" in said
    assert cure in said
