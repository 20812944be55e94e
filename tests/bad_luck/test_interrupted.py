"""Ended at any moment, by whatever: nothing is left, and the next `up` works."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bad_luck.machine import Machine, environment, wait_until

pytestmark = [pytest.mark.programs, pytest.mark.engine, pytest.mark.lab]

MOMENTS = (0.3, 0.8, 1.3, 1.6, 1.9, 2.2, 2.6, 3.0)  # seconds; a first start takes about three


def test_killed_at_any_moment_of_the_first_start_it_goes_on(home: Machine) -> None:
    for moment in MOMENTS[1::2]:
        with home.started("up") as up:
            time.sleep(moment)
            up.signal(signal.SIGKILL)
        home.up()
        home.down()
        home.shell(f"cd {home.state} && rm -rf keys certs synapse rendered* s* lock identity.tar")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted_at_any_moment_nothing_is_left(home: Machine, ending: signal.Signals) -> None:
    for moment in MOMENTS[::2]:
        with home.started("up") as up:
            time.sleep(moment)
            up.signal(ending)
            up.signal(ending)  # the impatient press it twice
            # The second may meet Python's end; and Python (3.11) ends by SIGINT where the first
            # came in the midst of an exec(), as dataclasses use, though we caught it.
            assert up.ended() in (130, -ending, -signal.SIGINT), up.said
        assert home.leftovers() == (), (moment, up.said)
    home.up()


def test_with_json_an_interrupted_start_is_one_object(home: Machine) -> None:
    said = home.run("timeout", "-s", "INT", "1", *home.command(("up", "--json")))
    assert said.json["error"]["what"] == "interrupted"


def test_a_closed_terminal_stops_everything(home: Machine) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        ("setsid", "--ctty", "--wait", *home.argv(home.command(("up",)))),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(None),
    ) as up:
        os.close(theirs)
        try:
            seen = b""
            while b"is up after" not in seen:
                seen += os.read(ours, 65536)
            os.close(ours)
            up.wait(30)
        finally:
            up.kill()
    wait_until(lambda: home.leftovers() == (), 30)


def test_a_second_up_watches_and_down_ends_both(home: Machine) -> None:
    with home.started("up") as first, home.started("up") as second:
        wait_until(lambda: "is up after" in first.said + second.said, 60)
        if "is up after" in second.said:
            first, second = second, first
        assert "another terminal" in home.refused("up", "--detach", code=2).what
        second.signal(signal.SIGINT)
        second.ended()
        assert len(home.greygate("status", "--json").json["services"]) == 3
        home.down()
        first.ended()


def test_down_ends_an_up_that_is_still_starting(home: Machine) -> None:
    with home.started("up") as up:
        up.until("checking the configuration")
        home.down()
        assert up.ended() == 130
        assert "is up after" not in up.said


def test_what_a_killed_up_has_left_is_taken_away(home: Machine) -> None:
    with home.started("up") as up:
        up.until("is up after")
        up.signal(signal.SIGKILL)
    home.down()


def test_an_apply_that_is_killed_before_its_files_are_read_is_made_good(home: Machine) -> None:
    """In place, and taken up by nobody: the next one finds nothing to change, and does the rest."""
    support = f"{home.up()['homeserver_by_address']}/.well-known/matrix/support"
    home.shell(f"printf '[support]\\nemail = \"new@example.org\"\\n' >>{home.state}/site.toml")
    supervisor = "$(cat /run/greygate-*/supervisor/pid)"
    placed = home.state / "rendered/haproxy/well-known/support.json"
    with home.started("apply", "--yes") as apply:
        with _nobody_applies(home):
            home.shell(f"kill -STOP {supervisor}")
        wait_until(lambda: "new@" in placed.read_text(), 30)
        apply.signal(signal.SIGKILL)
        assert apply.ended() == -signal.SIGKILL
    home.shell(f"kill -CONT {supervisor}")

    assert "new@" not in _page(home, support)
    assert "next: greygate apply" in home.greygate("status").out
    assert home.greygate("status", "--json").json["behind"] == ["haproxy"]

    assert home.greygate("apply", "--yes", "--json").json["changed"] == []
    wait_until(lambda: "new@" in _page(home, support), 5)
    assert home.greygate("status", "--json").json["behind"] == []


def _page(home: Machine, url: str) -> str:
    """What stands there, whoever vouches for it; by Python, as a bare machine has no curl."""
    program = (
        "import ssl, sys, urllib.request as web;"
        "context = ssl._create_unverified_context();"
        "print(web.urlopen(sys.argv[1], timeout=5, context=context).read().decode())"
    )
    said = home.run(sys.executable, "-c", program, url)
    assert said.code == 0, said.err
    return said.out


@contextmanager
def _nobody_applies(home: Machine) -> Iterator[None]:
    """Who wants to is made to wait; the block begins once somebody does."""
    with (home.state / ".applying").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        inode = f":{os.fstat(file.fileno()).st_ino} "
        waits = re.compile(rf"-> FLOCK .*{inode}")
        wait_until(lambda: waits.search(Path("/proc/locks").read_text()) is not None, 30)
        yield


def test_what_a_dead_service_said_can_still_be_read(home: Machine) -> None:
    home.up()
    home.down()
    assert "haproxy  " in home.greygate("logs", "haproxy").out
    assert home.refused("logs", "nobody", code=2).what == "cannot find nobody"
