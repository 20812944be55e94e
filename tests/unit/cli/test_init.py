"""The questions of `init`, asked in a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import greygate
from greygate.cli.init import _interviewed
from greygate.site.model import Node, Site
from our_end import HEARING
from unit.cli.conftest import Run


def interviewed(
    monkeypatch: pytest.MonkeyPatch, typed: str, flags: dict[str, str] | None = None
) -> Site:
    """The site that a person makes who types these lines."""
    person, program = os.openpty()
    os.write(person, typed.encode())
    with open(program, encoding="utf-8") as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        site = _interviewed(dict(flags or {}), ())
    os.close(person)
    return site


def test_empty_answers_take_the_defaults(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = interviewed(monkeypatch, "\nhome.example.net\n\n\n\n\n\n")
    assert str(site.server_name) == "home.example.net"
    assert site.names.client == "m.home.example.net"
    assert site.overlay.node is Node.MANAGED
    said = capsys.readouterr()
    assert said.out == ""
    assert "names.client [m.home.example.net]:" in said.err


def test_what_a_flag_answers_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = {"server_name": "home.example.net", "overlay.node": "loopback"}
    site = interviewed(monkeypatch, "\n\nanna\n\n", flags)
    assert site.first_person == "anna"
    asked = capsys.readouterr().err
    assert "server_name" not in asked
    assert "overlay.node" not in asked


def test_an_answer_that_will_not_do_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = {"server_name": "two words", "overlay.node": "loopback"}
    site = interviewed(monkeypatch, "\na..b\nhome.example.net\n\n\n\n", flags)
    assert str(site.server_name) == "home.example.net"
    assert capsys.readouterr().err.count("server_name:") == 2


ACCEPTED = ("--accept", "doubt.not-public")
FEDERATES = ("--edge-name", "edge.other.example", "--edge-address", "192.0.2.10")


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (("--chain", "/c.pem", "--key", "/k.pem"), "certificates.source"),
        (("--acme-dns", "https://a.example"), "certificates.source"),
        (("--layout", "overlay"), "names.layout"),
        (("--issuer", "ca.example"), "certificates.issuer"),
        (("--address", "300::1"), "overlay.address"),
        (("--node", "loopback", "--peer", "tls://192.0.2.1:1"), "overlay.peers"),
        ((*FEDERATES, "--acme-dns", "manual", "--issuer", "ca.example"), "certificates.issuer"),
        ((*FEDERATES, "--chain", "/c", "--key", "/k", "--acme-dns", "manual"), "zone.acme_dns"),
        (
            (*FEDERATES, "--chain", "/c", "--key", "/k", "--account", "https://ca.example/1"),
            "certificates.account",
        ),
    ],
)
def test_a_flag_that_does_not_fit_is_refused(
    run: Run, tmp_path: Path, words: tuple[str, ...], key: str
) -> None:
    state = tmp_path / "s"
    ended = run("init", "home.example.net", "--yes", *ACCEPTED, *words, "--state", state)
    assert (ended.code, ended.out) == (2, "")
    assert f"cannot use an answer to {key}" in ended.err
    assert not (state / "site.toml").exists()


def test_an_interrupted_interview_promises_nothing_and_breaks_no_word(tmp_path: Path) -> None:
    person, program = os.openpty()
    with subprocess.Popen(
        (*HEARING, sys.executable, "-P", "-m", "greygate", "init", "--state", tmp_path / "s"),
        stdin=program,
        stderr=subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": str(Path(greygate.__file__).parents[1]),
            "COLUMNS": "50",
        },
        text=True,
    ) as asking:
        assert asking.stderr is not None
        said = ""
        while "federation [" not in said:
            said += asking.stderr.read(1)
            assert asking.poll() is None, said
        assert max(map(len, said.splitlines())) < 50
        asking.send_signal(signal.SIGINT)
        after = asking.stderr.read()
    os.close(person)
    os.close(program)
    assert asking.returncode == 130
    assert "nothing was written" in after
    assert "goes on where" not in after
    assert not (tmp_path / "s").exists()


@pytest.mark.parametrize(
    ("function", "told"),
    [("begin", "nothing was written; run the same"), ("found", "is written, only keys")],
)
def test_an_interruption_says_what_follows_from_what_is_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, function: str, told: str
) -> None:
    """A site file that is there is not written again: "run the same command again" is refused."""

    def interrupted(*_given: object, **_named: object) -> None:
        raise KeyboardInterrupt

    where = "site_file.begin" if function == "begin" else "found"
    monkeypatch.setattr(f"greygate.cli.init.{where}", interrupted)
    file = tmp_path / "site.toml"
    ended = run("init", "home.twinkle.net", "--yes", "--site", file, "--state", tmp_path / "state")
    assert (ended.code, told in ended.err, file.exists()) == (130, True, function == "found")
