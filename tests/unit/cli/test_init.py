"""The questions of `init`, asked in a terminal."""

from __future__ import annotations

import os
import sys

import pytest

from greygate.cli.init import _interviewed
from greygate.site.model import Node, Site


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
