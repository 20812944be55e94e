"""The command line: every command by name, and the one place where errors end."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from greygate import __version__
from greygate.cli import output
from greygate.cli.commands import COMMANDS, HIDDEN, NAMES, SUMMARIES
from greygate.errors import Interrupted, Trouble, WrongUsage
from greygate.run import interruption
from greygate.text import _

# What is not needed for every command is imported where it is: a start must not wait for it.
if TYPE_CHECKING:
    from cyclopts import App

BUG = 4
INTERRUPTED = 130

SBIN = "/usr/local/sbin:/usr/sbin:/sbin"  # nft and ip are there, and plain `su` leaves it out

HELP = """A Matrix homeserver that its people reach over the Yggdrasil overlay only.

For example:

    greygate up                  a trial on this machine; nothing is asked
    greygate init home.example   a server for keeps: its site file first
    greygate up --help           what a command does, and its flags

Ends with 0 when healthy or done, 1 when something is wrong with the server, 2 for wrong words or a
wrong site file, 3 when it cannot go on here, 4 for a fault of its own, 130 when interrupted.
"""


class WrongWords(WrongUsage):
    """What was typed names no command of ours, or not so."""


def app(*, first_page: bool = False) -> App:
    """The whole command line; for its first page no command is imported."""
    from cyclopts import Group

    from greygate.cli.help import EVERYWHERE, family

    whole = family("greygate", HELP, version=__version__)
    for place, (title, names) in enumerate(COMMANDS.items()):
        group = Group(title, sort_key=place)
        for name in names:
            path, order = f"greygate.cli.{name}:command", names.index(name)
            text = SUMMARIES[name] if first_page else None
            whole.command(path, name=name, group=group, sort_key=order, help=text)
    for name in HIDDEN:
        whole.command(f"greygate.cli.{name}:command", name=name, show=False)
    for flag in ("--help", "--version"):
        whole[flag].group = EVERYWHERE
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is what the process ends with (see `greygate --help`)."""
    words = list(sys.argv[1:] if argv is None else argv)
    output.begin()
    if words == ["--version"]:
        return ended(words, lambda _words: output.say(__version__))
    interruption.heed()
    os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:{SBIN}"
    return ended(words, _called)


def ended(words: list[str], call: Callable[[list[str]], object]) -> int:
    """The exit code of a call, whatever it ends with; what went wrong is told."""
    as_json = "--json" in words
    try:
        result = call(words)
        output.finish()
        return result if isinstance(result, int) else 0
    except Trouble as problem:
        output.trouble(_with_place(problem, words), as_json=as_json)
        return problem.exit_code
    except KeyboardInterrupt as problem:
        # Others put words of their own into it: Python's codecs do.
        then = problem.then if isinstance(problem, Interrupted) else ""
        output.interrupted(then, as_json=as_json)
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as problem:
        from greygate.machine.refusals import trouble_of

        known = trouble_of(problem) if isinstance(problem, OSError) else None
        output.trouble(known or _bug(words, problem), as_json=as_json)
        return BUG if known is None else known.exit_code


def _called(words: list[str]) -> object:
    """What the command returns; `help` is for those who do not try --help."""
    from cyclopts import CycloptsError

    if words[:1] == ["help"]:
        words = [*words[1:], "--help"]
    named = [it for it in words if it not in ("--help", "-h")]
    whole = app(first_page=not named)
    if len(named) == 1 and named[0] in NAMES:  # its page has the first lines of its commands
        whole[named[0]].resolved_commands()
    try:
        return whole(words, exit_on_error=False, print_error=False)
    except CycloptsError as problem:
        from greygate.cli.wrong_words import wrong_words

        meant = wrong_words(problem, NAMES)
        raise WrongWords(meant.what, meant.hint) from problem


def _command(words: Sequence[str]) -> list[str]:
    """The leading words that name a command."""
    return [word for word in words[:1] if word in (*NAMES, *HIDDEN)]


def _with_place(problem: Trouble, words: Sequence[str]) -> Trouble:
    """The commands in a hint are for the deployment that was named, not for the usual one."""
    named = [it.removeprefix("--state=") for it in words if it.startswith("--state=")]
    named += [after for word, after in pairwise(words) if word == "--state"]
    ours = "greygate " in problem.hint and not isinstance(problem, WrongWords)
    if named and ours and "--state" not in problem.hint:
        problem.hint += _(" (with --state {state}, as here)").format(state=named[-1])
    return problem


def _bug(words: Sequence[str], problem: Exception) -> Trouble:
    """A report file of versions and trace (0600), and the words that say where it is."""
    import platform
    import tempfile
    import traceback

    handle, path = tempfile.mkstemp(prefix="greygate-bug-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8") as report:
        report.write(f"greygate {__version__}, Python {platform.python_version()}, ")
        report.write(f"{platform.platform()}\ncommand: {' '.join(_command(words))}\n\n")
        report.write("".join(traceback.format_exception(problem)))
    what = _("cannot go on: a fault in Greygate itself: {name}: {text}")
    return Trouble(
        what.format(name=type(problem).__name__, text=problem),
        _("the details are in {path}; please report them").format(path=path),
    )
