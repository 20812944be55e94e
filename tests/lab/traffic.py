"""A conversation both ways while something happens: what came, and how soon again."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lab.client import Client
from lab.talking import Pair

log = logging.getLogger(__name__)

COUNT = 8  # things that each of the two says
EVERY = 0.25  # seconds between them
LEAD = 0.6  # seconds of conversation before it happens
# Seconds for all to come. Synapse waits a minute on a connection whose other end is gone, on each
# of three that it may have kept, and between its tries.
MOST = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One direction of the conversation, in seconds since 1970."""

    began: Mapping[str, float]  # what was said, and when its sender began to
    came: Mapping[str, float]
    decrypted: bool

    def again(self, since: float) -> float:
        """Seconds until the first thing came that was said after that moment."""
        return min(at for text, at in self.came.items() if self.began[text] >= since) - since

    @property
    def longest(self) -> float:
        """Seconds that the slowest was on its way."""
        return max(at - self.began[text] for text, at in self.came.items())

    @property
    def last(self) -> float:
        """When the last of it came, seconds since 1970."""
        return max(self.came.values())


@dataclass(frozen=True, slots=True)
class Conversation:
    """Both directions, and when it happened."""

    there: Way  # from one to the other
    back: Way
    happened: float

    @property
    def again(self) -> tuple[float, float]:
        return self.there.again(self.happened), self.back.again(self.happened)

    @property
    def longest(self) -> float:
        return max(self.there.longest, self.back.longest)


def talk_while(
    pair: Pair,
    room: str,
    topic: str,
    happens: Callable[[], object],
    *,
    count: int = COUNT,
    every: float = EVERY,
) -> Conversation:
    """Both talk, then it happens; returns when all of it came. Fails where something did not."""
    ours = [f"{topic}: {number}, from here" for number in range(count)]
    theirs = [f"{topic}: {number}, from there" for number in range(count)]
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(pair.one.does, "converse", room=room, texts=ours, every=every)
        other = pool.submit(pair.other.does, "converse", room=room, texts=theirs, every=every)
        time.sleep(LEAD)
        happened = time.time()
        happens()
        began = one.result()["began"], other.result()["began"]
        back = pool.submit(_heard, pair.one, room, began[1])
        there = _heard(pair.other, room, began[0])
        told = Conversation(there, back.result(), happened)
    again = ", ".join(f"{it:.2f} s" for it in told.again)
    log.info("%s: again after %s; the longest took %.2f s", topic, again, told.longest)
    return told


def _heard(hearer: Client, room: str, began: Mapping[str, float]) -> Way:
    told = hearer.does("heard", room=room, texts=list(began), within=MOST)
    return Way(began=began, came=told["came"], decrypted=told["decrypted"])
