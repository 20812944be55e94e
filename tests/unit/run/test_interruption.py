"""Ctrl-C, `kill` and a closed terminal are one wish to end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from greygate.run.interruption import ENDINGS, awaited, heed, held_off


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ENDINGS}
    for number in ENDINGS:  # whoever runs the tests in the background ignores some of them
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("ending", ENDINGS)
def test_each_of_them_interrupts_once(ending: signal.Signals) -> None:
    heed()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), ending)
    for again in ENDINGS:
        os.kill(os.getpid(), again)


def test_what_is_ignored_stays_so() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    heed()
    os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_none_of_them_cuts_the_tidying_up_short() -> None:
    heed()
    with held_off():
        for ending in ENDINGS:
            os.kill(os.getpid(), ending)
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_waits_for_the_world_is_cancelled_once_and_tidies_up(ending: signal.Signals) -> None:
    heed()
    done: list[str] = []

    async def act() -> None:
        try:
            os.kill(os.getpid(), ending)
            await asyncio.sleep(30)
        finally:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.05)
            done.append("tidied up")

    with pytest.raises(KeyboardInterrupt):
        awaited(act())
    assert done == ["tidied up"]
    os.kill(os.getpid(), signal.SIGINT)  # it was heard already


def test_what_is_not_interrupted_returns_and_signals_are_as_before() -> None:
    heed()
    before = {number: signal.getsignal(number) for number in ENDINGS}

    async def act() -> str:
        return "done"

    assert awaited(act()) == "done"
    assert {number: signal.getsignal(number) for number in ENDINGS} == before
