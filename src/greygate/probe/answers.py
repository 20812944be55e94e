"""What probes saw: frozen values, where "nobody told us" is a case of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Nobody told us, and why; nothing follows from it about the matter itself."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A peering of a node; `uri` is empty for one that came in."""

    uri: str
    up: bool
    inbound: bool
    complaint: str = ""
    uptime: float | None = None  # seconds, where it is up


@dataclass(frozen=True, slots=True)
class Peers:
    """All peerings of a node."""

    peers: tuple[Peer, ...]

    @property
    def up(self) -> tuple[Peer, ...]:
        return tuple(peer for peer in self.peers if peer.up)


PeersAnswer = Peers | NoAnswer


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer over a TLS connection whose certificate was verified."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """The host is there, and nothing listens."""


@dataclass(frozen=True, slots=True)
class Distrusted:
    """It speaks TLS, with a certificate that must not be trusted."""

    why: str


@dataclass(frozen=True, slots=True)
class Stalled(NoAnswer):
    """The connection was taken, and no TLS came of it."""


@dataclass(frozen=True, slots=True)
class NotTls:
    """Something listens that does not speak TLS."""


HttpAnswer = Reply | Refused | Distrusted | NotTls | NoAnswer
