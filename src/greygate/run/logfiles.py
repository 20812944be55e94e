"""The log files of the foreground: last lines, and lines as they come, across rotation."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

REACH = 65536  # octets from the end in which the last lines are looked for, at least
LINE = 300  # octets of a long line of log
PAUSE = 0.2  # seconds between looks at a followed file


def last_lines(path: Path, count: int) -> tuple[str, ...]:
    """The last lines of a log, fewer where it is short; none where it is not there."""
    try:
        with path.open("rb") as file:
            _near_end(file, count)
            lines = deque(file.read().decode(errors="replace").splitlines(), maxlen=count)
    except FileNotFoundError:
        return ()
    return tuple(lines)


def changed_at(path: Path) -> float | None:
    """When the log got its last line, in seconds since 1970; None where it is not there."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def following(paths: dict[str, Path], *, pause: float = PAUSE) -> Iterator[tuple[str, str]]:
    """Pairs of name and line for ever, from this call on, not from the first that is taken."""
    return _coming({name: Tail(path) for name, path in paths.items()}, pause)


def _coming(tails: dict[str, Tail], pause: float) -> Iterator[tuple[str, str]]:
    while True:
        quiet = True
        for name, tail in tails.items():
            for line in tail.new_lines():
                quiet = False
                yield name, line
        if quiet:
            time.sleep(pause)


class Tail:
    """The lines that a file gets from now on; it follows the name when the file is rotated."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()
        self._rest = b""
        if self._file is not None:
            self._file.seek(0, os.SEEK_END)

    def new_lines(self) -> tuple[str, ...]:
        """What was added since the last look, whole lines only."""
        added = self._file.read() if self._file is not None else b""
        if not added and self._rotated():
            if self._file is not None:
                self._file.close()
            self._file = self._open()
            added = self._file.read() if self._file is not None else b""
        *lines, self._rest = (self._rest + added).split(b"\n")
        return tuple(line.decode(errors="replace") for line in lines)

    def _open(self) -> BinaryIO | None:
        try:
            return self._path.open("rb")
        except FileNotFoundError:
            return None

    def _rotated(self) -> bool:
        try:
            there = self._path.stat().st_ino
        except FileNotFoundError:
            return False
        return self._file is None or os.fstat(self._file.fileno()).st_ino != there


def _near_end(file: BinaryIO, count: int) -> None:
    length = file.seek(0, os.SEEK_END)
    file.seek(max(0, length - max(REACH, count * LINE)))
