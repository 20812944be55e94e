"""Ctrl-C, `kill` and a closed terminal: one wish to end, which waits while we tidy up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

Result = TypeVar("Result")

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


def awaited(act: Coroutine[Any, Any, Result]) -> Result:
    """What the act returns, run in a loop of its own; one of them cancels it, and it tidies up.

    (A KeyboardInterrupt inside of a loop would come anywhere, and leave Python 3.11.2 miscounting.)
    """
    import asyncio  # slow to import, and most commands wait for nothing

    heard: list[signal.Signals] = []
    try:
        return asyncio.run(_cancelled_by(heard, act))
    except asyncio.CancelledError:
        if heard:
            signal.raise_signal(heard[0])  # to whoever heeds it now
        raise


async def _cancelled_by(heard: list[signal.Signals], act: Coroutine[Any, Any, Result]) -> Result:
    import asyncio

    task, loop = asyncio.ensure_future(act), asyncio.get_running_loop()
    if threading.current_thread() is not threading.main_thread():
        return await task

    def hear(number: signal.Signals) -> None:
        heard.append(number)
        if len(heard) == 1:
            task.cancel()

    before = {number: signal.getsignal(number) for number in ENDINGS}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in heeded:
        loop.add_signal_handler(number, hear, number)
    try:
        return await task
    finally:
        for number in heeded:
            loop.remove_signal_handler(number)
            signal.signal(number, before[number])


def _answer_by(handler: Callable[[int, FrameType | None], None]) -> None:
    for number in ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    _answer_by(_noted)
    raise KeyboardInterrupt


def _noted(_number: int, _frame: FrameType | None) -> None:
    """It is on its way. (A handler, not SIG_IGN: children would inherit that.)"""
