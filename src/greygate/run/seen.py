"""What is seen of the server, and what may be claimed of it: values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from greygate.probe.answers import HttpAnswer, NoAnswer, PeersAnswer
from greygate.run.state import State
from greygate.site.model import Address


class Verdict(Enum):
    """What may be claimed; what could not be seen is never YES."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    OFF = "off"  # not wanted


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether somebody can reach the server; else why not, and what helps."""

    verdict: Verdict
    cause: str
    cure: str = ""

    @property
    def reachable(self) -> bool:
        return self.verdict is Verdict.YES


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of the server, not yet judged; NoAnswer where nobody told."""

    states: tuple[State, ...] | NoAnswer
    present: frozenset[Address]  # those of the plan that this machine has
    answer: HttpAnswer
    peers: PeersAnswer | None  # None: no node of this machine carries the address
