"""The exceptions a user can meet: each says what could not be done, why, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


class Trouble(Exception):
    """Something a user can act on: `what` reads "cannot do it: why", `hint` is the next step."""

    exit_code = 3

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint


class WrongUsage(Trouble):
    """What was typed does not make sense here; nothing was done."""

    exit_code = 2


class CannotApply(Trouble):
    """What was rendered was refused, by the program it is for or by the disk; the old one stays."""


class MissingProgram(Trouble):
    """A program or a right that this machine lacks, and how to get it."""


class NotRunning(Trouble):
    """The command needs the server, and the server is not up."""


class Interrupted(KeyboardInterrupt):
    """An interruption after which something else follows than to run the same command again."""

    def __init__(self, then: str) -> None:
        super().__init__(then)
        self.then = then


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing wrong in the site file: line (from 1, 0 where it has none), key, text and cure."""

    line: int
    key: str
    text: str
    hint: str


class SiteRefused(Trouble):
    """A site file that cannot be used; carries every mistake in it, in the order of its lines."""

    exit_code = 2

    def __init__(self, where: str, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(f"cannot use {where}: {len(mistakes)} to mend")
        self.where = where
        self.mistakes = mistakes
