"""When a certificate is ordered next: from the one that is in place now, and the last failure.

A failure is about the certificate that was in place then. Where another is in place now, it says
nothing any more. So whoever waited looks again at both, and asks again: a moment that was worked
out before may be long after the end of a certificate that lives for seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from greygate.spec.acme import Life
from greygate.spec.certificate import Covered, Due

# After the first failure, the second, and so on. Let's Encrypt allows five failed orders an hour
# for a name; whoever is shut out is not left waiting longer than LONGEST_WITHOUT.
BACK_OFF = tuple(timedelta(minutes=it) for it in (15, 30, 60, 180, 360))
LONGEST_WITHOUT = timedelta(hours=1)
SHARE = 10  # a wait takes no more than this part of what is left of the certificate's life
SHORTEST = timedelta(seconds=10)
LONGEST_REFUSAL = timedelta(days=8)  # Let's Encrypt's limits last a week; who says more is in error
# After a success nothing but its age or advice has another ordered before this part of its life is
# over, at most two days: five a week for the same names is what Let's Encrypt gives.
REST = 4
LONGEST_REST = timedelta(days=2)
TOLERATED = timedelta(minutes=10)  # between our clock and the authority's


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace:
    """The certificate that serves."""

    covered: Covered
    fingerprint: str
    since: datetime | None = None  # by our clock; None: not known
    clock_ahead: timedelta | None = None  # of the authority's, when it was installed

    @property
    def rested(self) -> datetime | None:
        """Before this another one is not ordered for its age."""
        life = self.covered.ends - self.covered.begins
        return None if self.since is None else self.since + min(life / REST, LONGEST_REST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How the last order failed, and what it was about."""

    at: datetime
    cause: str
    cure: str
    times: int  # in a row
    about: str | None  # fingerprint of what served then; None: nothing did
    not_before: datetime | None = None  # as the authority said: a rate limit


@dataclass(frozen=True, slots=True)
class Suggestion:
    """When the authority would have a certificate renewed (ARI, RFC 9773)."""

    about: str  # its fingerprint
    at: datetime | None  # None: it does not say
    ask_again: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What is in service, and what comes next."""

    life: Life
    at: datetime  # of the next order; now or before where one is due
    why: Due  # of it
    failure: Failure | None  # the last one, where it still says something
    too_soon: bool = False  # it was due as it arrived: a clock, or its authority's advice, is off
    clock_ahead: timedelta | None = None  # where the clocks differ by more than is tolerated


def outlook(
    place: InPlace | None,
    failure: Failure | None,
    suggestion: Suggestion | None,
    *,
    unfit: Due | None,
    now: datetime,
) -> Outlook:
    """`unfit`: why what is in place does not do, whatever its age."""
    lapsed = place is not None and now >= place.covered.ends
    serving = place is not None and not lapsed and unfit is not Due.UNREADABLE
    current = failure if failure and failure.about == (place and place.fingerprint) else None
    if current is not None and current.at > now + TOLERATED:
        current = None  # the clock was ahead then: what it says of later is worth nothing
    wished, why = _wished(place, suggestion, unfit=unfit, now=now)
    too_soon = place is not None and unfit is None and _is_too_soon(place, wished, now)
    if too_soon and place is not None and place.rested is not None:
        wished = place.rested
    at = wished if current is None else max(wished, next_try(current, place))
    if current is not None:
        life = Life.LATE if serving else Life.FAILED
    else:
        life = Life.SERVING if serving else Life.NONE
    return Outlook(
        life=life,
        at=at,
        why=why,
        failure=current,
        too_soon=too_soon,
        clock_ahead=None if place is None else _differing(place.clock_ahead),
    )


def _is_too_soon(place: InPlace, wished: datetime, now: datetime) -> bool:
    """Whether it would be ordered again before it has rested; a clock that was set back counts."""
    if place.since is None or place.rested is None or place.since > now + TOLERATED:
        return False
    return wished < place.rested


def _differing(ahead: timedelta | None) -> timedelta | None:
    return ahead if ahead is not None and abs(ahead) > TOLERATED else None


def next_try(failure: Failure, place: InPlace | None) -> datetime:
    """Not before the authority allows it; else the sooner the less of the life is left."""
    wait = BACK_OFF[min(failure.times, len(BACK_OFF)) - 1]
    left = timedelta() if place is None else place.covered.ends - failure.at
    most = max(left / SHARE, SHORTEST) if left > timedelta() else LONGEST_WITHOUT
    at = failure.at + min(wait, most)
    if failure.not_before is None:
        return at
    return max(at, min(failure.not_before, failure.at + LONGEST_REFUSAL))


def _wished(
    place: InPlace | None, suggestion: Suggestion | None, *, unfit: Due | None, now: datetime
) -> tuple[datetime, Due]:
    """When it would be ordered if nothing had failed."""
    if place is None:
        return now, Due.UNREADABLE
    if unfit is not None:
        return now, unfit
    usual = place.covered.renew_at()
    if suggestion is None or suggestion.at is None or suggestion.about != place.fingerprint:
        return usual, Due.OLD
    if suggestion.at >= place.covered.ends:  # nobody is served by that
        return usual, Due.OLD
    return suggestion.at, Due.ADVISED
