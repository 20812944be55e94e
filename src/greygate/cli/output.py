"""What a user sees: what was asked for on stdout, everything else on stderr, plain ASCII."""

from __future__ import annotations

import io
import json
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from greygate.cli.commands import typed
from greygate.errors import SiteRefused, Trouble, WrongUsage
from greygate.text import _, duration, nearest

WIDEST, NARROWEST = 100, 40  # columns; longer lines are hard to follow
SLOW = 2.0  # seconds after which a step shows how long it has been going on


_said: list[str] = []  # what went to stdout: with --json there is one object, never a second


def begin() -> None:
    """A letter that the terminal's encoding lacks is shown as its number, and stops nothing."""
    _said.clear()
    _open_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_closed() -> None:
    """A stream that the caller has closed leads nowhere: else another file would get its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            assert os.open(os.devnull, os.O_RDWR) == number, "the lowest that is free"
            os.set_inheritable(number, True)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", closefd=False))


def say(text: str = "") -> None:
    """Print what was asked for, to the letter; whoever has read enough changes no verdict."""
    _said.append(text)
    with suppress(BrokenPipeError):
        _print(lambda: print(text, flush=True))


def say_octets(content: bytes) -> None:
    """Print what is no text, whole."""
    try:
        sys.stdout.flush()
        _print(lambda: sys.stdout.buffer.write(content))
    except BrokenPipeError as gone:
        raise Trouble(
            _("cannot write to standard output: nobody reads from it"),
            _("name a file, or see why the program behind the pipe has ended"),
        ) from gone


def finish() -> None:
    """Have written what others printed, a page of help: at our end nobody would tell a refusal."""
    _print(lambda: None)


def _print(act: Callable[[], object]) -> None:
    try:
        act()
        sys.stdout.flush()
    except OSError:  # what is left in the buffer would be tried again at our end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _said.append("")  # what follows is told on the other stream
        raise


def is_stdout(file: Path) -> bool:
    """Whether a file that was named is where this prints anyway: /dev/stdout."""
    from greygate.machine import named_file  # what is imported here is slow, and seldom needed

    return named_file.is_open_as(file, 1)


def note(text: str = "", *, end: str = "\n") -> None:
    """Print what a person should know beside it; where nobody can read it, work goes on."""
    try:
        print(typed(text), end=end, file=sys.stderr, flush=True)
    except OSError:  # the terminal was closed, or the disk that keeps it is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def emit(value: Mapping[str, Any] | list[Any], *, as_json: bool, text: str) -> None:
    """Print one result, as JSON or as text."""
    say(_as_json(value) if as_json else typed(text))


def emit_line(value: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    """Print one of many results, each on a line of its own; BrokenPipeError ends them."""
    _said.append(text)
    print(_as_json(value, indent=None) if as_json else text, flush=True)


def wrapped(text: str, *, indent: str = "") -> str:
    """Text for a person, broken between words where the terminal ends."""
    import shutil  # slow to import, and seldom needed, both
    import textwrap

    width = max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST)) - 1
    inside = textwrap.TextWrapper(width, break_long_words=False, break_on_hyphens=False)
    inside.initial_indent = inside.subsequent_indent = indent
    return inside.fill(text)


def ask(question: str) -> str:
    """One line typed by a person; the question goes to stderr, so stdout stays clean."""
    note(question, end=" ")
    line = sys.stdin.readline()
    if not line:
        raise Trouble(
            _("cannot ask: the input ended"),
            _("answer with flags instead; `greygate COMMAND --help` lists them"),
        )
    return line.strip()


def confirm(question: str, *, typed: str = "") -> None:
    """Go on only when the person agrees: by `yes`, or by typing what is at stake."""
    word = typed or _("yes")
    if not sys.stdin.isatty():
        raise WrongUsage(_("cannot ask: no terminal is there"), _("agree beforehand: --yes"))
    if ask(_("{question} Type {word} to go on:").format(question=question, word=word)) != word:
        raise Trouble(_("cannot go on: it was not agreed to"), _("nothing was changed"))


def agreed_within(question: str, seconds: float) -> bool:
    """Whether the person says yes in time; nobody does where there is no terminal."""
    if not sys.stdin.isatty():
        return False
    asked = _("{question}\nPress Enter within {time} to keep it so:")
    note(asked.format(question=question, time=duration(seconds)))
    ready, _writable, _broken = select.select([sys.stdin], [], [], seconds)
    return bool(ready) and bool(sys.stdin.readline())


def unknown(name: str, known: Iterable[str]) -> WrongUsage:
    """The trouble of a name that is not among those that can be named."""
    near = nearest(name, known)
    hint = _("did you mean {near}?").format(near=near) if near else _("one of: {known}")
    return WrongUsage(
        _("cannot find {name}").format(name=name), hint.format(known=", ".join(known))
    )


class Steps:
    """Progress on stderr: a line a step; on a terminal it counts the seconds of a slow one."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()

    def note(self, text: str) -> None:
        note(f"  {text}")

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        began = time.monotonic()
        done = threading.Event()
        ticking = self._tick(text, began, done)
        try:
            yield
        except BaseException:
            self._close(ticking, done, f"  {text}: " + _("stopped"))
            raise
        spent = time.monotonic() - began
        took = f" ({duration(spent)})" if spent > SLOW else ""
        self._close(ticking, done, f"  {text}{took}")

    @contextmanager
    def look(self, text: str) -> Iterator[None]:
        """What is most often over at once: shown on a terminal while it is slow, and then gone."""
        done = threading.Event()
        ticking = self._tick(text, time.monotonic(), done, unless_within=SLOW)
        try:
            yield
        finally:
            done.set()
            if ticking is not None:
                ticking.join()
                note("\r\x1b[K", end="")

    def _tick(
        self, text: str, began: float, done: threading.Event, *, unless_within: float = 0.0
    ) -> threading.Thread | None:
        if not self._live:
            return None

        def run() -> None:
            if done.wait(unless_within):
                return
            while not done.wait(0.5):
                spent = duration(time.monotonic() - began)
                note(f"\r  {text} ... {spent}\x1b[K", end="")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def _close(self, ticking: threading.Thread | None, done: threading.Event, line: str) -> None:
        done.set()
        if ticking is not None:
            ticking.join()
            line = f"\r{line}\x1b[K"
        note(line)


def trouble(problem: Trouble, *, as_json: bool) -> None:
    """Tell what could not be done and what to do next; with --json as one object on stdout."""
    if as_json and not _said:
        with suppress(OSError):  # then it is told on the other stream
            say(_as_json({"error": _told(problem)}))
            return
    if isinstance(problem, SiteRefused):
        from greygate.site.report import report

        note(report(problem, _source(problem.where)))
        return
    note(_("greygate: {what}").format(what=problem.what))
    if problem.hint:
        note(_("    next: {hint}").format(hint=problem.hint))


def interrupted(then: str = "", *, as_json: bool) -> None:
    """Tell that it was cut short, and `then`, what follows; what had its say is merely over."""
    if not _said:
        again = _("run the same command again: it goes on where it stopped")
        trouble(Trouble(_("interrupted"), then or again), as_json=as_json)


def _as_json(value: Mapping[str, Any] | list[Any], *, indent: int | None = 2) -> str:
    plain = (sys.stdout.encoding or "ascii").lower() != "utf-8"
    return json.dumps(value, indent=indent, ensure_ascii=plain, default=str)


def _told(problem: Trouble) -> dict[str, Any]:
    told: dict[str, Any] = {"what": problem.what, "hint": typed(problem.hint)}
    if isinstance(problem, SiteRefused):
        told["where"] = problem.where
        told["mistakes"] = [
            {"line": it.line, "key": it.key, "text": it.text, "hint": it.hint}
            for it in problem.mistakes
        ]
    return told


def _source(where: str) -> str:
    """The file that was refused, for quoting its lines; empty where it is gone."""
    from greygate.site import load

    try:
        return load.read(Path(where))
    except (OSError, Trouble):
        return ""
