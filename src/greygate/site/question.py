"""One question of `init`: what is asked, why, and which answers will do."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from greygate.text import _

YES = ("yes", "y")
NO = ("no", "n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask. An empty answer means the default; without one, an answer is needed."""

    key: str  # of the site file, and of the flag that answers it
    text: str
    explain: str
    check: Callable[[str], str | None]  # why an answer would not do
    default: str | None = None
    problem: str = ""  # why the last answer would not do
    advise: Callable[[str], str] | None = None  # what would do better than an answer
    advice: str = ""  # the same about the last answer
    doubt: str = ""  # the name of the doubt for which the last answer was refused


Asking = Generator[Question, str, str]


def asked(question: Question) -> Asking:
    """The first answer to `question` that will do."""
    while True:
        given = (yield question).strip()
        answer = given or question.default
        problem = _("an answer is needed") if answer is None else _judged(question, answer)
        if answer is not None and not problem:
            return answer
        advice = question.advise(answer) if question.advise and answer else ""
        question = replace(question, problem=problem, advice=advice, doubt="")


def _judged(question: Question, answer: str) -> str:
    # The default was judged when it was chosen, and may be empty where an answer may not.
    return "" if answer == question.default else question.check(answer) or ""


def yes_or_no(answer: str) -> str | None:
    return None if answer.lower() in YES + NO else _("answer yes or no")
