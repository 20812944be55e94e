"""The command line: every command by name, and the one place where errors end."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Sequence

from cyclopts import App, CycloptsError

from greygate import __version__
from greygate.cli import output
from greygate.errors import Trouble, WrongUsage
from greygate.text import _

BUG = 4
INTERRUPTED = 130

HELP = """A Matrix homeserver that its people reach over the Yggdrasil overlay only.

Start with `greygate up`: a trial on this machine, nothing asked. `greygate up NAME` is for keeps.
"""

# Each command's module is imported when the command is called: `up` must not wait for the rest.
COMMANDS = (
    *("up", "down", "status", "logs"),
    *("init", "show", "apply", "user", "invite", "cert", "backup"),
    *("install", "uninstall", "lab"),
)
HIDDEN = ("prepare",)


def app() -> App:
    """The whole command line."""
    whole = App(
        name="greygate",
        help=HELP,
        version=__version__,
        help_formatter="plain",
        result_action="return_value",
    )
    for name in (*COMMANDS, *HIDDEN):
        whole.command(f"greygate.cli.{name}:command", name=name, show=name in COMMANDS)
    return whole


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is what the process ends with (see `greygate --help`)."""
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    try:
        result = app()(words, exit_on_error=False, print_error=False)
        return result if isinstance(result, int) else 0
    except CycloptsError as problem:
        hint = _("see `greygate {command} --help`").format(command=" ".join(_command(words)))
        output.trouble(WrongUsage(str(problem), hint), as_json=as_json)
        return WrongUsage.exit_code
    except Trouble as problem:
        output.trouble(problem, as_json=as_json)
        return problem.exit_code
    except KeyboardInterrupt:
        output.note(_("interrupted"))
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as problem:
        output.trouble(_bug(words, problem), as_json=as_json)
        return BUG


def _command(words: Sequence[str]) -> list[str]:
    """The leading words that name a command."""
    return [word for word in words[:1] if word in COMMANDS]


def _bug(words: Sequence[str], problem: Exception) -> Trouble:
    """A report file of versions and trace (0600), and the words that say where it is."""
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
