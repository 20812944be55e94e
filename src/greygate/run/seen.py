"""What is seen of the server, and what may be claimed of it: values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from greygate.machine.disk import Room
from greygate.plan.edge_state import EdgeState
from greygate.plan.edges import EdgeLink
from greygate.plan.orders import Refused
from greygate.probe.answers import HttpAnswer, NoAnswer, PeersAnswer
from greygate.probe.firewall import TableAnswer
from greygate.probe.route import Unrouted
from greygate.run.filters import BarriersAnswer
from greygate.run.state import State
from greygate.site.model import Address
from greygate.spec.renewal import Outlook


class Verdict(Enum):
    """What may be claimed; what could not be seen is never YES."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"
    OFF = "off"  # not wanted


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is not as it should be, and what helps."""

    text: str
    cure: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether somebody can reach the server; else why not, and what helps."""

    verdict: Verdict
    cause: str
    cure: str = ""

    @property
    def reachable(self) -> bool:
        return self.verdict is Verdict.YES


@dataclass(frozen=True, slots=True)
class Door:
    """One public port of an edge, tried as another server would."""

    address: Address
    port: int
    answer: HttpAnswer


@dataclass(frozen=True, slots=True)
class EdgeTold:
    """What an edge said of itself, by its agent, or why it said nothing."""

    state: EdgeState | Refused | NoAnswer
    ahead: float = 0.0  # seconds by which its clock is ahead of ours
    behind: str | None = None  # what it has of ours is not what we have, and how
    twice: bool = False  # another host says that it is this edge, too
    made_up: int | None = None  # the plan that it claims to follow, where nobody can have made it


@dataclass(frozen=True, slots=True)
class EdgeSeen:
    """What was seen through one edge; the link to it is among the peers."""

    id: str
    doors: tuple[Door, ...]
    told: EdgeTold | None = None  # None: nobody asked it

    @property
    def behind(self) -> str | None:
        return None if self.told is None else self.told.behind


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of the server, not yet judged; NoAnswer where nobody told."""

    states: tuple[State, ...] | NoAnswer
    present: frozenset[Address]  # those of the plan that this machine has
    answer: HttpAnswer
    peers: PeersAnswer | None  # None: no node of this machine carries the address
    edges: tuple[EdgeSeen, ...] = ()
    certificate_left: float | None = None  # seconds until it ends; None: we may not look
    keys: tuple[Remark, ...] = ()  # which is not the one that the first start made
    certificate_unfit: Remark | None = None  # it serves on; a restart or its successor would not
    renewal: Outlook | None = None  # of a certificate that we order; None where we do not
    ended: tuple[State, ...] = ()  # where nothing runs: what did, and since when it does not
    unsealed: str | None = None  # what would seal it: others may get a certificate for the name
    barriers: BarriersAnswer = ()  # other filters of this machine that bar our traffic
    firewall: TableAnswer | None = None  # None where there is none of ours, or nothing runs
    unrouted: tuple[Unrouted, ...] = ()  # where this machine cannot send over the overlay
    room: Room | None = None  # on the disk that holds the state
    behind: tuple[str, ...] = ()  # units that run with what was in place before
    drift: tuple[Remark, ...] = ()  # what somebody changed about our units
    files: tuple[Remark, ...] = ()  # what somebody changed about our rendered files
    left: tuple[EdgeLink, ...] = ()  # barred hosts of edges that still run with their old key
