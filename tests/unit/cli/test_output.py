"""Streams, progress and questions, on a terminal and off it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from typing import TextIO

import pytest

from greygate.cli import output
from greygate.errors import Trouble, WrongUsage

Typed = Callable[[str], int]


@pytest.fixture
def screen() -> Iterator[tuple[int, TextIO]]:
    """A terminal to write to: what a person reads of it, and the program's end."""
    person, program = os.openpty()
    with open(program, "w", encoding="utf-8") as written:
        yield person, written
    os.close(person)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """Standard input is a terminal; what is typed there is what the fixture is called with."""
    person, program = os.openpty()
    with open(program, encoding="utf-8") as read:
        monkeypatch.setattr(sys, "stdin", read)
        yield lambda text: os.write(person, text.encode())
    os.close(person)


def test_off_a_terminal_a_step_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    with output.Steps().step("building"):
        pass
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "  building\n")


def test_a_step_that_fails_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), output.Steps().step("building"):
        raise KeyError
    assert capsys.readouterr().err == "  building: stopped\n"


def test_a_note_stands_among_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    output.Steps().note("by the way")
    assert capsys.readouterr().err == "  by the way\n"


def test_on_a_terminal_a_step_counts_its_seconds(screen: tuple[int, TextIO]) -> None:
    person, program = screen
    with redirect_stderr(program), output.Steps().step("building"):
        counted = os.read(person, 65536).decode()
    assert counted.startswith("\r  building ... 0.")
    assert os.read(person, 65536).decode() == "\r  building\x1b[K\r\n"


def test_a_look_is_seen_while_it_is_slow_and_leaves_no_line(
    screen: tuple[int, TextIO], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, program = screen
    monkeypatch.setattr(output, "SLOW", 0.1)
    with redirect_stderr(program), output.Steps().look("asking"):
        counted = os.read(person, 65536).decode()
    assert counted.startswith("\r  asking ... 0.")
    assert os.read(person, 65536).decode() == "\r\x1b[K"


def test_off_a_terminal_a_look_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with output.Steps().look("asking"):
        pass
    assert capsys.readouterr().err == ""


def test_what_was_asked_for_goes_to_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit({"a": 1}, as_json=False, text="one")
    output.emit({"a": 1}, as_json=True, text="one")
    output.note("beside it")
    said = capsys.readouterr()
    assert said.out.startswith("one\n")
    assert json.loads(said.out.removeprefix("one\n")) == {"a": 1}
    assert said.err == "beside it\n"


def test_one_of_many_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    output.emit_line({"a": 1, "b": [2]}, as_json=True, text="")
    output.emit_line({}, as_json=False, text="plain")
    assert capsys.readouterr().out == '{"a": 1, "b": [2]}\nplain\n'


def test_after_a_result_an_error_does_not_add_a_second_object(
    capsys: pytest.CaptureFixture[str],
) -> None:
    output.begin()
    output.emit({"a": 1}, as_json=True, text="")
    output.trouble(Trouble("cannot go on: it broke"), as_json=True)
    said = capsys.readouterr()
    assert json.loads(said.out) == {"a": 1}
    assert "cannot go on" in said.err


def test_without_a_terminal_nobody_is_asked() -> None:
    with pytest.raises(WrongUsage, match="no terminal") as trouble:
        output.confirm("delete it?")
    assert "--yes" in trouble.value.hint
    assert not output.agreed_within("still there?", 60)


def test_yes_goes_on_and_anything_else_does_not(typed: Typed) -> None:
    typed("yes\n")
    output.confirm("delete it?")
    typed("y\n")
    with pytest.raises(Trouble, match="not agreed") as trouble:
        output.confirm("delete it?")
    assert trouble.value.exit_code == 3


def test_what_is_at_stake_can_have_to_be_typed(
    typed: Typed, capsys: pytest.CaptureFixture[str]
) -> None:
    typed("anna\n")
    output.confirm("close it?", typed="anna")
    assert capsys.readouterr().err == "close it? Type anna to go on: "
    typed("yes\n")
    with pytest.raises(Trouble, match="not agreed"):
        output.confirm("close it?", typed="anna")


def test_an_input_that_ends_is_no_answer(typed: Typed) -> None:
    typed("\x04")  # Ctrl-D
    with pytest.raises(Trouble, match="the input ended"):
        output.ask("name?")


def test_agreement_in_time_counts_and_silence_does_not(typed: Typed) -> None:
    assert not output.agreed_within("still there?", 0)
    typed("\n")
    assert output.agreed_within("still there?", 10)


def test_an_unknown_name_is_told_its_neighbour() -> None:
    assert output.unknown("synaspe", ["haproxy", "synapse"]).hint == "did you mean synapse?"
    assert output.unknown("zzz", ["haproxy", "synapse"]).hint == "one of: haproxy, synapse"
