"""What was typed and cannot be understood, in our words: what is wrong, and where it is told."""

from __future__ import annotations

from collections.abc import Iterable

from cyclopts import CycloptsError, UnknownCommandError, UnusedCliTokensError
from cyclopts.exceptions import (
    CoercionError,
    MissingArgumentError,
    RepeatArgumentError,
    UnknownOptionError,
    ValidationError,
)

from greygate.errors import WrongUsage
from greygate.text import _, nearest


def wrong_words(problem: CycloptsError, commands: Iterable[str]) -> WrongUsage:
    """The same problem as a person can act on it; `commands` are those of the first word."""
    chain = tuple(problem.command_chain or ())
    page = _("see: {command} --help").format(command=" ".join(("greygate", *chain)))
    match problem:
        case UnknownCommandError():
            return _unknown_command(problem, commands, page)
        case UnknownOptionError(token=token):
            known = [name for each in problem.argument_collection for name in each.names]
            flag = str(token.keyword or token.value)
            what = _("cannot use {flag}: {command} has no such flag")
            return WrongUsage(
                what.format(flag=flag, command=" ".join(chain)), _meant(flag, known) or page
            )
        case UnusedCliTokensError(unused_tokens=words):
            what = _("cannot use {words}: that is one word too many")
            return WrongUsage(what.format(words=" ".join(words or ())), page)
        case MissingArgumentError(argument=argument) if argument is not None:
            what = _("cannot go on without a value for {name}")
            return WrongUsage(what.format(name=_name(argument.name)), page)
        case CoercionError(argument=argument, token=token) if argument and token:
            what = _("cannot use {value} for {name}")
            choices = ", ".join(argument.get_choices() or ())
            hint = _("one of: {choices}").format(choices=choices) if choices else page
            value = token.value or "''"
            return WrongUsage(what.format(value=value, name=_name(argument.name)), hint)
        case RepeatArgumentError(token=token):
            what = _("cannot use {flag} twice").format(flag=token.keyword)
            return WrongUsage(what, page)
        case ValidationError(argument=argument) if argument is not None:
            what = _("cannot use {value} for {name}: {why}")
            why = problem.exception_message.rstrip(".").lower()
            typed = " ".join(token.value for token in argument.tokens)
            named = what.format(value=typed, name=_name(argument.name), why=why)
            return WrongUsage(named, page)
        case _:
            return WrongUsage(_("cannot understand this: {why}").format(why=problem), page)


def _unknown_command(
    problem: UnknownCommandError, commands: Iterable[str], page: str
) -> WrongUsage:
    word = (problem.unused_tokens or [""])[0]
    if word.startswith("-"):
        what = _("cannot use {flag} here: flags stand after the command").format(flag=word)
        return WrongUsage(what, page)
    known = commands if problem.app is None or not problem.command_chain else problem.app
    names = [name for name in known if not name.startswith("-")]
    what = _("cannot understand {word}: there is no such command").format(word=word)
    return WrongUsage(what, _meant(word, names) or page)


def _meant(word: str, known: Iterable[str]) -> str:
    near = nearest(word, known)
    return _("did you mean {near}?").format(near=near) if near else ""


def _name(name: str) -> str:
    """`--lines` as it is; what has no flag, as the page calls it."""
    return name if name.startswith("--") else name.upper()
