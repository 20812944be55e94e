"""The order in which units start, and what of a failed one's words is told."""

from __future__ import annotations

import pytest

from greygate.components.component import Task
from greygate.run.state import in_order, telling


def task(name: str, *after: str) -> Task:
    return Task(name=name, description=name, up=(), down=(), after=after)


def test_each_comes_behind_what_it_names() -> None:
    units = (task("door", "node"), task("node", "wall"), task("wall"))
    assert [unit.name for unit in in_order(units)] == ["wall", "node", "door"]


def test_else_they_stay_as_they_came() -> None:
    units = (task("b"), task("a"), task("c", "elsewhere"))
    assert in_order(units) == units


def test_units_that_wait_for_each_other_are_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError, match="wait for each other"):
        in_order((task("a", "b"), task("b", "a")))


def test_of_a_go_programs_panic_the_cause_is_told() -> None:
    words = (
        "2026/11/25 08:13:49 Build version: 0.5.12",
        "panic: failed to create TUN: device or resource busy",
        "goroutine 1 [running]:",
        "main.main()",
    )
    assert telling(words) == "panic: failed to create TUN: device or resource busy"


def test_of_synapses_complaint_nothing_is_left_out() -> None:
    words = (
        "2026-11-30 12:00:00,000 - synapse.app - INFO - starting",
        "",
        "Error in configuration:",
        "  Password reset emails are enabled on this homeserver due to a partial",
        "'email' block. However, the following required keys are missing:",
        "    email.notif_from",
        "",
    )
    assert telling(words) == (
        "Error in configuration: / Password reset emails are enabled on this homeserver due to a "
        "partial / 'email' block. However, the following required keys are missing: / "
        "email.notif_from"
    )


def test_of_a_python_trace_the_message_is_told_whole() -> None:
    words = (
        '  File "/engine/yaml/parser.py", line 483, in parse_flow_sequence_entry',
        "    raise ParserError(",
        "    ^^^^^^^^^^^^^^^^^^",
        "yaml.parser.ParserError: while parsing a flow sequence",
        '  in "/state/synapse.d/own.yaml", line 1, column 4',
        "expected ',' or ']', but got ':'",
        '  in "/state/synapse.d/own.yaml", line 2, column 2',
    )
    assert telling(words) == (
        'yaml.parser.ParserError: while parsing a flow sequence / in "/state/synapse.d/own.yaml", '
        "line 1, column 4 / expected ',' or ']', but got ':' / "
        'in "/state/synapse.d/own.yaml", line 2, column 2'
    )


def test_of_a_trace_between_asterisks_the_message_is_told_and_not_what_is_below() -> None:
    words = (
        '       File "/engine/synapse/storage/database.py", line 534, in _do_execute',
        "         return func(sql, *args, **kwargs)",
        "                ^^^^^^^^^^^^^^^^^^^^^^^^^^",
        "     sqlite3.OperationalError: attempt to write a readonly database",
        " ",
        " There may be more information in the logs.",
        "*" * 82,
    )
    assert telling(words) == "sqlite3.OperationalError: attempt to write a readonly database"
