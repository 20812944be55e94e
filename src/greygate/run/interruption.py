"""Ctrl-C, `kill` and a closed terminal: one wish to end, which waits while we tidy up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def heed() -> None:
    """From now on the first of them is a KeyboardInterrupt; one that is ignored (nohup) stays so.

    Whoever presses Ctrl-C again is heard already: a second interrupt would only cut short what
    the first has begun.
    """
    _answer_by(_interrupt)


@contextmanager
def held_off() -> Iterator[None]:
    """None of them cuts the block short; it is the tidying up that they ask for."""
    if threading.current_thread() is not threading.main_thread():  # signals never go there
        yield
        return
    before = {number: signal.getsignal(number) for number in ENDINGS}
    _answer_by(_noted)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answer_by(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    _answer_by(_noted)
    raise KeyboardInterrupt


def _noted(_number: int, _frame: FrameType | None) -> None:
    """It is on its way. (A handler, not SIG_IGN: children would inherit that.)"""
