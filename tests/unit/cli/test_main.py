"""How a call of the command line ends: its exit code, and who is told what."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from greygate.cli import output
from greygate.cli.commands import NAMES
from greygate.cli.main import ended
from greygate.errors import Interrupted, Mistake, SiteRefused, Trouble
from greygate.home.place import Place
from greygate.secret import Secret
from unit.cli.conftest import Run


def raising(problem: BaseException) -> Callable[[list[str]], object]:
    def call(_words: list[str]) -> object:
        raise problem

    return call


def test_what_was_asked_for_ends_with_0(run: Run) -> None:
    asked = run("--version")
    assert (asked.code, asked.err) == (0, "")
    assert asked.out.strip()


def test_what_is_found_wrong_ends_with_1(run: Run, made: Place) -> None:
    assert run("status", "--state", made.paths.state).code == 1


@pytest.mark.parametrize(
    ("words", "what", "next_step"),
    [
        (["statsu"], "cannot understand statsu", "did you mean status?"),
        (["zzz"], "cannot understand zzz", "see: greygate --help"),
        (["user", "ad"], "cannot understand ad", "did you mean add?"),
        (["user", "add"], "without a value for NAME", "see: greygate user add --help"),
        (["up", "a", "b"], "cannot use b: that is one word too many", "greygate up --help"),
        (["up", "--pere", "x"], "up has no such flag", "did you mean --peer?"),
        (["up", "--peer"], "without a value for --peer", "greygate up --help"),
        (["up", "--zzz"], "up has no such flag", "greygate up --help"),
        (["logs", "--lines", "x"], "cannot use x for --lines", "greygate logs --help"),
        (["logs", "--lines", "-1"], "cannot use -1 for --lines", "greygate logs --help"),
        (["invite", "--uses", "0"], "cannot use 0 for --uses", "greygate invite --help"),
        (["invite", "--days", "99999999999"], "for --days", "greygate invite --help"),
        (["invite", "--uses", "1.5"], "cannot use 1.5 for --uses", "greygate invite --help"),
        (["invite", "--days", "1e3"], "cannot use 1e3 for --days", "greygate invite --help"),
        (["logs", "--lines", "0x10"], "cannot use 0x10 for --lines", "greygate logs --help"),
        (["logs", "--lines", "1_0"], "cannot use 1_0 for --lines", "greygate logs --help"),
        (["cert", "renew", "--ahead", "9" * 15], "for --ahead", "greygate cert renew --help"),
        (["cert", "renew", "--ahead", "-1"], "cannot use -1 for --ahead", "cert renew --help"),
        (["edge", "probe", "e", "tcp", "a", "--port", "65536"], "for --port", "edge probe --help"),
        (["edge", "token", "e", "--above", "1.5"], "for --above", "greygate edge token --help"),
        (["lab", "weather", "home", "loss", "--percent", "101"], "for --percent", "--help"),
        (["cert", "export", "--format", "x"], "cannot use x for --format", "one of: pem, der"),
        (["--json-lines", "status"], "flags stand after the command", "greygate --help"),
        (["init"], "without a server name", "greygate init NAME"),
    ],
    ids=lambda it: " ".join(it) if isinstance(it, list) else "",
)
def test_wrong_words_end_with_2(run: Run, words: list[str], what: str, next_step: str) -> None:
    ended = run(*words)
    assert (ended.code, ended.out) == (2, "")
    assert what in ended.err
    assert next_step in ended.err


def test_a_token_that_cannot_be_read_is_no_fault_of_ours(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (tmp_path / "image").write_bytes(b"\xff\xfe")
    for name, why in (("none", "No such file or directory"), ("image", "it is no text")):
        refused = run("edge", "join", "--file", tmp_path / name, "--json")
        told = json.loads(refused.out)["error"]
        assert refused.code == 2
        assert told["what"] == f"cannot read the token in {tmp_path / name}: {why}"


def test_what_cannot_go_on_here_ends_with_3(run: Run, tmp_path: Path) -> None:
    ended = run("status", "--state", tmp_path / "none")
    assert ended.code == 3
    assert "no server here yet" in ended.err
    assert not (tmp_path / "none").exists()


def test_a_bug_ends_with_4_and_a_report(capsys: pytest.CaptureFixture[str], reports: Path) -> None:
    secret = Secret("hunter2")
    words = ["user", "password", "anna", "--token=hunter2"]

    def call(_words: list[str]) -> object:
        raise RuntimeError(f"it broke with {secret}")

    assert ended(words, call) == 4
    (report,) = reports.iterdir()
    assert str(report) in capsys.readouterr().err
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    told = report.read_text()
    assert "RuntimeError: it broke with Secret(***)" in told
    assert "command: user\n" in told
    assert "hunter2" not in told.replace('Secret("hunter2")', "")


def test_an_interruption_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(["up"], raising(KeyboardInterrupt())) == 130
    assert "interrupted" in capsys.readouterr().err


def test_what_follows_an_interruption_is_told_by_ourselves(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Python's codecs put words of their own into a KeyboardInterrupt."""
    assert ended(["up"], raising(KeyboardInterrupt("encoding with 'idna' codec failed"))) == 130
    assert "codec" not in capsys.readouterr().err
    assert ended(["up"], raising(Interrupted("go on there"))) == 130
    assert "next: go on there" in capsys.readouterr().err


def test_what_a_command_returns_is_the_exit_code() -> None:
    assert ended([], lambda _words: 1) == 1
    assert ended([], lambda _words: None) == 0


def test_with_json_an_error_is_one_object_on_stdout(run: Run, tmp_path: Path) -> None:
    asked = run("status", "--json", "--state", tmp_path / "none")
    assert asked.err == ""
    error = json.loads(asked.out)["error"]
    assert error["what"] == "cannot go on: there is no server here yet"
    assert "greygate up" in error["hint"]


def test_with_json_a_refused_site_tells_every_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    mistakes = (Mistake(1, "a", "wrong", "mend it"), Mistake(2, "b", "wrong", "mend it"))
    output.begin()
    assert ended(["--json"], raising(SiteRefused("site.toml", mistakes))) == 2
    error: dict[str, Any] = json.loads(capsys.readouterr().out)["error"]
    assert error["where"] == "site.toml"
    assert [it["line"] for it in error["mistakes"]] == [1, 2]


def test_without_json_a_refused_site_quotes_its_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "site.toml"
    file.write_text("serve_name = 1\n")
    mistake = Mistake(1, "serve_name", "no such key", "did you mean server_name?")
    assert ended([], raising(SiteRefused(str(file), (mistake,)))) == 2
    assert "1 | serve_name = 1" in capsys.readouterr().err


def test_the_hint_is_for_the_deployment_that_was_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (["--state", "/srv/one"], ["--state=/srv/one"]):
        ended(["status", *words], raising(Trouble("cannot go on: it is down", "greygate up")))
        assert "greygate up (with --state /srv/one, as here)" in capsys.readouterr().err
    elsewhere = Trouble("cannot go on: it is there", "greygate up --state DIRECTORY")
    ended(["up", "--state", "/srv/one"], raising(elsewhere))
    assert "as here" not in capsys.readouterr().err


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_help_lists_every_command(run: Run, words: list[str]) -> None:
    asked = run(*words)
    assert asked.code == 0
    listed = [line.split()[0] for line in asked.out.splitlines() if line.startswith("  ")]
    assert set(NAMES) <= set(listed)
    assert "prepare" not in listed


def test_help_of_a_command_is_its_page(run: Run) -> None:
    assert run("help", "user", "add").out == run("user", "add", "--help").out


@pytest.mark.parametrize(
    "words",
    [
        *(("status", "--state", ""), ("status", "--site", ""), ("backup", "identity", "")),
        *(("backup", "restore", ""), ("cert", "export", ""), ("edge", "join", "--file", "")),
        *(("init", "home.twinkle.net", "--yes", "--state="),),
    ],
)
def test_an_empty_word_names_no_file(
    words: tuple[str, ...], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--state "$UNKNOWN"` had the keys made in the directory that one stood in."""
    monkeypatch.chdir(tmp_path)
    ended = run(*words)
    assert (ended.code, "cannot use ''" in ended.err) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_a_flag_is_used_once(run: Run) -> None:
    ended = run("status", "-v", "-v")
    assert (ended.code, "cannot use -v twice" in ended.err) == (2, True)
