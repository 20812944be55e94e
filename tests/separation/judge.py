"""What came of shots against what may: the one place where right and wrong are told apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from greygate.plan.policy import Outcome, Policy
from separation.shots import Expected, Shot
from separation.synapse_log import Arrival
from separation.table import Way

SYNAPSE = "Synapse"  # it signs each of its answers with this
LIMITED = 429


@dataclass(frozen=True, slots=True)
class Answer:
    """What the shooter saw."""

    end: str  # answered, closed, reset, silent, broken
    status: int | None
    head: str
    body: str

    @property
    def is_synapses(self) -> bool:
        return SYNAPSE in self.head


@dataclass(frozen=True, slots=True)
class Rules:
    """Which socket a door may lead to, and with what."""

    leads_to: str  # "federation" or "client"
    way: Way
    policy: Policy

    def lets(self, arrival: Arrival) -> bool:
        """Whether it is open, whatever was aimed at."""
        path = arrival.target.partition("?")[0]
        decided = self.policy.decide(arrival.method, arrival.target).outcome
        people = path.startswith(self.way.prefixes)
        return arrival.door == self.leads_to and (decided is Outcome.ANSWERED or people)


def faults(
    shots: Sequence[Shot],
    answers: Mapping[str, Answer],
    arrivals: Sequence[Arrival],
    rules: Rules,
) -> list[str]:
    """What should not have been, a line each."""
    by_mark: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        for mark in arrival.marks:
            by_mark[mark].append(arrival)
    own = [
        f"{shot.name}: {fault} ({answers[shot.mark]})"
        for shot in shots
        for fault in _faults(shot, answers[shot.mark], by_mark[shot.mark], rules)
    ]
    return own + [f"reached Synapse by no shot of ours: {it}" for it in _strays(arrivals, rules)]


def _strays(arrivals: Sequence[Arrival], rules: Rules) -> Iterator[Arrival]:
    """What lost its mark on the way, as a request that was cut in two does."""
    for arrival in arrivals:
        over = arrival.status is not None
        if over and not arrival.marks and not arrival.is_expected and not rules.lets(arrival):
            yield arrival


def _faults(shot: Shot, answer: Answer, arrived: Sequence[Arrival], rules: Rules) -> Iterator[str]:
    if answer.status == LIMITED:
        yield "it was not judged: too many at once"
    for arrival in arrived:
        if not rules.lets(arrival):
            yield f"reached Synapse: {arrival}"
    match shot.expected:
        case Expected.NOTHING if arrived:
            yield f"arrived: {arrived[0]}"
        case Expected.NOTHING if answer.is_synapses and not shot.lingers:
            yield "Synapse answered"
        case Expected.ONCE:
            begun = [(it.method, it.target) for it in arrived if it.status is None]
            if begun != [(shot.method, shot.target)]:
                yield f"did not arrive as it was sent: {begun}"
