"""How much CPU a command takes before it does anything: what it imports, above all."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import greygate
from bench.ratio import Ratio, table

TIMES = 7
MOST_VERSION, MOST = 0.1, 0.25  # seconds of CPU
EMPTY = 0.01  # seconds of CPU that an empty Python takes where those are meant
PROGRAM = Path(greygate.__file__).with_name("__main__.py")


def measure(below: Path) -> str:
    """Medians; the empty Python is measured in turn with ours."""
    return table(_rows(below))


def _rows(below: Path) -> Iterator[Ratio]:
    state = ("--state", str(below / "none"))
    for words, most in (
        (("--version",), MOST_VERSION),
        (("--help",), MOST),
        (("status", "--help"), MOST),
        (("status", *state), MOST),
        (("logs", *state), MOST),
        (("show", "plan", *state), MOST),
    ):
        pairs = [(_cpu(str(PROGRAM), *words), _cpu("-c", "pass")) for _time in range(TIMES)]
        ours, beside = (statistics.median(column) for column in zip(*pairs, strict=True))
        yield Ratio(
            what=f"CPU of `greygate {' '.join(words[:2])}`, beside an empty Python's".replace(
                f" {state[0]}", ""
            ),
            ours=1000 * ours,
            beside=1000 * beside,
            unit="ms",
            wanted=most / EMPTY,
        )


def _cpu(*words: str) -> float:
    """Seconds of CPU, user and system; the first run of all has compiled what is imported."""
    argv = (sys.executable, "-P", *words)
    environ = {**os.environ, "PYTHONPATH": str(PROGRAM.parents[1])}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as the launcher does
    with subprocess.Popen(
        argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        _pid, _status, used = os.wait4(process.pid, 0)
        process.returncode = 0
    return used.ru_utime + used.ru_stime
