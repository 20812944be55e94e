"""How a program ended, in words: by the kernel, by a signal, or before it began."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greygate.run.endings import ending, restarted
from greygate.run.ready import died
from greygate.run.state import Condition, End, State


def failed(result: str, status: int, *words: str) -> State:
    end = End(result=result, status=status, ago=2.0)
    return State(name="synapse", condition=Condition.FAILED, end=end, words=words)


def test_a_killed_service_is_told_as_killed_and_not_by_its_last_words() -> None:
    found = restarted(failed("signal", 9, "INFO something quite usual"))
    assert found is not None
    assert found.what == "synapse was killed (signal 9) 2 s ago and is being restarted"


def test_want_of_memory_is_told_as_such() -> None:
    found = restarted(failed("oom-kill", 9))
    assert found is not None
    assert found.what == "synapse was killed for want of memory 2 s ago and is being restarted"
    assert "systemctl status greygate-synapse" in found.cure


def test_a_signal_that_nobody_knows_is_not_made_up() -> None:
    found = ending(failed("signal", 0))
    assert found is not None
    assert found.what == "synapse was killed 2 s ago"


@pytest.mark.parametrize(
    ("status", "words", "cure"),
    [
        (226, ("Failed to set up mount namespacing: Permission denied",), "nesting"),
        (226, ("/var/lib/greygate/synapse: No such file or directory",), "greygate install"),
        (218, (), "nesting"),
        (228, (), "nesting"),
        (217, (), "make its accounts anew"),
        (216, (), "make its accounts anew"),
        (203, (), "greygate install"),
        (233, (), "df -h /run"),
        (200, (), "journalctl -u greygate-synapse"),
    ],
)
def test_what_systemd_cannot_set_up_has_its_cure(
    status: int, words: tuple[str, ...], cure: str
) -> None:
    trouble = died(failed("exit-code", status, *words))
    assert f"(systemd's status {status})" in trouble.what
    assert cure in trouble.hint


def test_a_program_that_ends_by_itself_has_its_own_words() -> None:
    assert ending(failed("exit-code", 1, "no such option")) is None
    assert "no such option" in died(failed("exit-code", 1, "no such option")).what


DROP_IN = "/etc/systemd/system/greygate-synapse.service.d/override.conf"


@pytest.mark.parametrize(("result", "status"), [("oom-kill", 9), ("exit-code", 203)])
def test_an_operators_drop_in_is_named_beside_what_is_known(result: str, status: int) -> None:
    plain = ending(failed(result, status))
    found = ending(replace(failed(result, status), overrides=(DROP_IN,)))
    assert plain is not None
    assert found is not None
    assert found.what.startswith(plain.what)
    assert DROP_IN in found.what
    assert plain.cure in found.cure


def test_a_drop_in_is_the_cause_only_where_the_service_says_none() -> None:
    silent = replace(failed("exit-code", 1), overrides=(DROP_IN,))
    found = ending(silent)
    assert found is not None
    assert DROP_IN in found.what
    assert ending(replace(silent, words=("no such option",))) is None
    assert ending(replace(silent, condition=Condition.UP)) is None
