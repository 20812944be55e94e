"""Runs commands that only look, and tells what they tried to write: a program of its own.

    looking.py < [["status", "--json"], …]       one line of JSON for each, in that order

Each command runs in a process of its own where no file can grow, and an audit hook hears of every
file that this Python opens to write, makes, renames or takes away, also where the program would
have swallowed a refusal, and of every program that is started.
"""

from __future__ import annotations

import io
import json
import os
import resource
import stat
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

import asyncssh  # which makes files for a moment while it is imported: its libraries are looked for

from greygate.cli import watch
from greygate.cli.main import main
from greygate.errors import Trouble
from greygate.home.place import place_for
from greygate.home.preparation import as_it_stands

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGING = frozenset(
    f"os.{name}"
    for name in (
        *("mkdir", "rename", "remove", "rmdir", "link", "symlink", "chmod", "chown", "truncate"),
        *("utime", "setxattr", "removexattr"),
    )
)
assert asyncssh
WATCH = "watch"  # what an `up` that watches sees, once


class Heard:
    """What the audit hook hears."""

    def __init__(self) -> None:
        self.writes: list[str] = []
        self.programs: list[list[str]] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _mode, flags = arguments
            if isinstance(path, str | bytes) and flags & WRITING and not _is_device(path):
                self.writes.append(f"open {os.fsdecode(path)}")
        elif event in CHANGING:
            self.writes.append(f"{event} {arguments[0]}")
        elif event == "socket.bind" and isinstance(arguments[1], str | bytes):
            self.writes.append(f"{event} {arguments[1]!r}")
        elif event == "subprocess.Popen":
            self.programs.append([str(arguments[0]), *map(str, arguments[1])])


def _is_device(path: str | bytes) -> bool:
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False


def _run(words: list[str]) -> int:
    if words[0] != WATCH:
        return main(words)
    place = place_for(os.environ, uid=os.geteuid(), state=Path(words[2]))
    try:
        home = as_it_stands(place.trial_site, place)
    except Trouble as trouble:
        return trouble.exit_code
    return int(next(watch._statuses(home)) is None)


def _looked(words: list[str]) -> dict[str, Any]:
    """What the command said, its code, and what it tried to write."""
    saying, telling = os.pipe(), os.pipe()
    if os.fork() == 0:
        _child(words, said_to=saying[1], told_to=telling[1])
    for end in (saying[1], telling[1]):
        os.close(end)
    with open(saying[0], encoding="utf-8") as said, open(telling[0], encoding="utf-8") as told:
        whole = said.read()
        ended: dict[str, Any] = json.loads(told.read())
    os.wait()
    return {"words": words, "said": whole, **ended}


def _child(words: list[str], *, said_to: int, told_to: int) -> NoReturn:
    """It never comes back."""
    heard = Heard()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number in (1, 2):
        os.dup2(said_to, number)
    os.close(said_to)
    sys.stdin = io.TextIOWrapper(io.FileIO(0), "utf-8")
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.FileIO(it, "w"), "utf-8") for it in (1, 2))
    sys.addaudithook(heard)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    code = -1
    try:
        code = _run(words)
    except BaseException as problem:
        heard.writes.append("not ended: " + "".join(traceback.format_exception(problem)))
    sys.stdout.flush()
    ended = {"code": code, "writes": heard.writes, "programs": heard.programs}
    os.write(told_to, json.dumps(ended).encode())
    os._exit(0)


if __name__ == "__main__":
    for each in json.load(sys.stdin):
        sys.stdout.write(json.dumps(_looked(each)) + "\n")
        sys.stdout.flush()
