"""What DNS can answer (RFC 1035, 2308, 2782), "it is not there" and "nobody told us" apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address

ROOT = "."  # as SRV target: the service is decidedly not offered here (RFC 2782)


def bare(name: str) -> str:
    """A name as it is compared: without the dot at its end, in small letters (RFC 4343)."""
    return name.lower() if name == ROOT else name.removesuffix(".").lower()


class Absence(Enum):
    """How a record is not there (RFC 2308)."""

    NO_NAME = "NXDOMAIN"
    NO_RECORD = "NODATA"  # the name is there, with records of other types only


class Failure(Enum):
    """How asking went wrong; nothing follows from it about the record."""

    SERVER = "SERVFAIL"
    REFUSED = "REFUSED"
    NOT_DONE = "NOTIMP"
    FORMAT = "FORMERR"
    OTHER_CODE = "another error code"
    UNREADABLE = "an answer that cannot be read"
    LAME = "does not serve the zone"  # no authoritative answer, by one that the zone names
    DELEGATED = "stands in a zone of its own"
    REDIRECTED = "stands below a DNAME"  # which leads all that is below it elsewhere
    NO_END = "aliases without an end"
    NO_ADDRESS = "its name has no address"
    SILENCE = "time-out"
    NO_WAY = "no connection"
    CANNOT_BE_ASKED = "not a name that DNS can carry"

    @property
    def was_answered(self) -> bool:
        """Whether a server did answer, with an error."""
        return self in _ANSWERED


_ANSWERED = frozenset(
    (
        *(Failure.SERVER, Failure.REFUSED, Failure.NOT_DONE, Failure.FORMAT),
        *(Failure.OTHER_CODE, Failure.UNREADABLE, Failure.LAME, Failure.DELEGATED),
        *(Failure.REDIRECTED, Failure.NO_END),
    )
)


class Signing(Enum):
    """Whether a zone is signed, and whether a resolver takes its signatures (RFC 4035)."""

    UNSIGNED = "not signed"
    VALID = "signed, and verified"
    UNCHECKED = "signed, not verified by this resolver"
    BOGUS = "signed wrongly"  # who verifies gets nothing of the zone


@dataclass(frozen=True, slots=True)
class Absent:
    """The records are not there: those who must know have said so."""

    how: Absence
    aliases: tuple[str, ...] = ()  # where CNAME records led, out of what the server knows
    ttl: int | None = field(default=None, compare=False)
    endless: bool = False  # they lead in a circle, or on and on


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nobody told us whether the records are there, and how that came."""

    failure: Failure
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.failure.value} ({self.detail})" if self.detail else self.failure.value


@dataclass(frozen=True, slots=True)
class Service:
    """An SRV record (RFC 2782)."""

    priority: int
    weight: int
    port: int
    target: str


@dataclass(frozen=True, slots=True)
class Services:
    """SRV records, in the order in which they came."""

    records: tuple[Service, ...]

    @property
    def not_offered(self) -> bool:
        """Whether they say that there is no such service."""
        return [record.target for record in self.records] == [ROOT]

    def in_order(self) -> tuple[Service, ...]:
        """By priority; among equals by weight, where who connects throws dice instead."""
        return tuple(sorted(self.records, key=lambda it: (it.priority, -it.weight)))


@dataclass(frozen=True, slots=True)
class Addresses:
    """The addresses of a name."""

    addresses: tuple[Address, ...]
    aliases: tuple[str, ...] = ()  # the names that CNAME records led to, the last one's are these
    untold: tuple[Unanswered, ...] = ()  # one kind of address may be had while the other is not


@dataclass(frozen=True, slots=True)
class Texts:
    """The records of one type that a name has, as a zone file writes them, without final dots."""

    values: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    ttl: int | None = field(default=None, compare=False)


TextAnswer = Texts | Absent | Unanswered
SrvAnswer = Services | Absent | Unanswered
AddressAnswer = Addresses | Absent | Unanswered
