"""Commands on a server that was made and does not run."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
from contextlib import redirect_stdout
from pathlib import Path

import pytest

import greygate
from greygate.cli.main import main
from greygate.home.place import Place
from greygate.identity import archive
from unit.cli.conftest import NAME, Run

SOURCE = str(Path(greygate.__file__).parents[1])


@pytest.fixture
def state(made: Place) -> tuple[str, str]:
    return "--state", str(made.paths.state)


def test_status_of_a_stopped_server_says_so_and_what_helps(
    run: Run, state: tuple[str, str]
) -> None:
    asked = run("status", *state)
    assert asked.code == 1
    assert "NOT reachable: the server is not running; stopped: synapse and haproxy" in asked.out
    assert "next: greygate up" in asked.out
    told = json.loads(run("status", "--json", *state).out)
    assert told["people"]["reachable"] == "no"
    assert [it["state"] for it in told["services"]] == ["down", "down"]
    assert told["files"] == []  # directories that only a start makes are not missed before it


def test_status_tells_since_when_a_service_is_down(
    run: Run, made: Place, state: tuple[str, str]
) -> None:
    logs = Path(made.paths.logs)
    logs.mkdir()
    (logs / "synapse.log").touch()
    os.utime(logs / "synapse.log", (0, time.time() - 7200))
    assert re.search(r"^synapse  down  2 h( 1 s)?$", run("status", *state).out, re.MULTILINE)


def test_down_of_a_stopped_server_is_no_trouble(run: Run, state: tuple[str, str]) -> None:
    asked = run("down", "--json", *state)
    assert (asked.code, json.loads(asked.out)) == (0, {"stopped": False})


def test_logs_of_an_unknown_service_name_the_nearest(run: Run, state: tuple[str, str]) -> None:
    asked = run("logs", "synaspe", *state)
    assert asked.code == 2
    assert "did you mean synapse?" in asked.err


def test_logs_are_there_after_the_end(run: Run, made: Place, state: tuple[str, str]) -> None:
    logs = Path(made.paths.logs)
    logs.mkdir()
    (logs / "synapse.log").write_text("one\ntwo\n")
    (logs / "haproxy.log").write_text("three\n")
    assert run("logs", "synapse", "-n", "1", *state).out == "synapse  two\n"
    lines = run("logs", "--json", *state).out.splitlines()
    assert [json.loads(line)["text"] for line in lines] == ["one", "two", "three"]


@pytest.mark.parametrize(
    "words", [("user", "list"), ("user", "add", "anna"), ("invite",), ("user", "password", "anna")]
)
def test_people_need_a_server_that_runs(
    run: Run, state: tuple[str, str], words: tuple[str, ...]
) -> None:
    asked = run(*words, *state)
    assert asked.code == 3
    assert "Synapse: it is not running" in asked.err


def test_nobody_is_closed_without_being_asked(run: Run, state: tuple[str, str]) -> None:
    asked = run("user", "deactivate", "anna", *state)
    assert asked.code == 2
    assert "--yes" in asked.err


def test_uninstall_asks_first(run: Run, state: tuple[str, str]) -> None:
    asked = run("uninstall", *state)
    if os.geteuid() == 0:
        assert (asked.code, "--yes" in asked.err) == (2, True)
    else:
        assert (asked.code, "cannot uninstall: that needs root" in asked.err) == (3, True)


def test_the_authority_goes_to_stdout_or_to_a_file(
    run: Run, state: tuple[str, str], tmp_path: Path
) -> None:
    pem = run("cert", "export", *state).out
    assert pem.startswith("-----BEGIN CERTIFICATE-----")
    file = tmp_path / "home.crt"
    told = json.loads(run("cert", "export", file, "--json", *state).out)
    assert file.read_text() == told["content"] == pem
    assert told["file"] == str(file)
    said = run("cert", "export", file, "--format", "der", *state).out
    assert told["sha256"] in said
    assert file.read_bytes().startswith(b"\x30\x82")


def piped(*words: str) -> bytes:
    """What a command writes to a pipe."""
    octets = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(octets)) as pipe:
        assert main(words) == 0
        pipe.flush()
        return octets.getvalue()


def test_der_goes_to_a_pipe_as_it_is(state: tuple[str, str], unmoved: None) -> None:
    assert piped("cert", "export", "--format", "der", *state).startswith(b"\x30\x82")


def test_the_identity_goes_to_a_pipe_whole(state: tuple[str, str], unmoved: None) -> None:
    assert archive.read(piped("backup", "identity", *state)).server_name == NAME


def test_the_identity_in_a_file_is_its_owners_only(
    run: Run, state: tuple[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "identity.tar"
    told = json.loads(run("backup", "identity", file, "--json", *state).out)
    assert told == {"file": str(file), "octets": file.stat().st_size}
    assert file.stat().st_mode & 0o777 == 0o600
    assert archive.read(file.read_bytes()).server_name == NAME


def test_the_identity_is_no_json(run: Run, state: tuple[str, str]) -> None:
    asked = run("backup", "identity", "--json", *state)
    assert asked.code == 2
    assert "greygate backup identity FILE" in json.loads(asked.out)["error"]["hint"]


def test_what_cannot_be_written_is_no_bug(run: Run, state: tuple[str, str], tmp_path: Path) -> None:
    for words in (("cert", "export"), ("backup", "identity")):
        asked = run(*words, str(tmp_path / "none" / "paper"), *state)
        assert asked.code == 3
        assert "no such file or directory" in asked.err


@pytest.mark.parametrize(
    "words", [("backup", "identity"), ("cert", "export", "--format", "der")], ids=" ".join
)
def test_nothing_binary_goes_to_a_terminal(
    words: tuple[str, ...],
    state: tuple[str, str],
    capsys: pytest.CaptureFixture[str],
    unmoved: None,
) -> None:
    person, program = os.openpty()
    with open(program, "w", encoding="utf-8") as screen, redirect_stdout(screen):
        assert main([*words, *state]) == 2
    os.close(person)
    assert "FILE" in capsys.readouterr().err


def test_init_writes_no_second_site_file(run: Run, made: Place, state: tuple[str, str]) -> None:
    before = made.trial_site.read_text()
    asked = run("init", "other.example.net", "--node", "loopback", "--yes", *state)
    assert asked.code == 2
    assert "it is there already" in asked.err
    assert made.trial_site.read_text() == before


def test_up_does_not_forget_what_the_site_file_does_not_hold(
    run: Run, state: tuple[str, str]
) -> None:
    asked = run("up", "--peer", "tls://192.0.2.1:443", "--detach", *state)
    assert asked.code == 2
    assert "the site file decides" in asked.err


def test_install_keeps_to_the_usual_place(run: Run, state: tuple[str, str]) -> None:
    asked = run("install", "--dry-run", *state)
    assert asked.code == 2
    assert "a state directory of its own" in asked.err


def test_what_is_run_and_asked_is_logged_when_wished(state: tuple[str, str]) -> None:
    """In a process of its own: what listens for programs cannot be taken away again."""
    words = [sys.executable, "-m", "greygate", "status", "-v", *state]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": SOURCE}
    )
    assert done.returncode == 1
    assert "greygate.cli.verbose: " in done.stderr
    assert "httpcore" not in done.stderr
