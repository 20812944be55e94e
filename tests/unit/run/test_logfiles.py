"""Log files: their ends, and what comes, across rotation."""

from __future__ import annotations

from pathlib import Path

from greygate.run.logfiles import Tail, following, last_lines


def test_the_last_lines_of_a_long_log(tmp_path: Path) -> None:
    log = tmp_path / "it.log"
    log.write_text("".join(f"line {number}\n" for number in range(100_000)))
    assert last_lines(log, 2) == ("line 99998", "line 99999")


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert last_lines(tmp_path / "it.log", 5) == ()


def test_only_whole_new_lines_are_told(tmp_path: Path) -> None:
    log = tmp_path / "it.log"
    log.write_text("old\n")
    tail = Tail(log)
    with log.open("a") as stream:
        stream.write("one\ntw")
    assert tail.new_lines() == ("one",)
    with log.open("a") as stream:
        stream.write("o\n")
    assert tail.new_lines() == ("two",)


def test_nothing_is_lost_when_the_file_is_rotated(tmp_path: Path) -> None:
    log = tmp_path / "it.log"
    log.write_text("")
    tail = Tail(log)
    log.write_text("before\n")
    log.rename(tmp_path / "it.log.1")
    log.write_text("after\n")
    assert (*tail.new_lines(), *tail.new_lines()) == ("before", "after")


def test_a_log_may_come_later_and_is_followed_from_the_call_on(tmp_path: Path) -> None:
    log = tmp_path / "it.log"
    coming = following({"it": log}, pause=0.01)
    log.write_text("first\n")
    assert next(coming) == ("it", "first")
