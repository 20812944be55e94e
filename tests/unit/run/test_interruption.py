"""Ctrl-C, `kill` and a closed terminal are one wish to end."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from greygate.run.interruption import ENDINGS, heed, held_off


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
