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


@dataclass(frozen=True, slots=True, kw_only=True)
class InPlace:
    """The certificate that serves."""

    covered: Covered
    fingerprint: str


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
    wished, why = _wished(place, suggestion, unfit=unfit, now=now)
    at = wished if current is None else max(wished, next_try(current, place))
    if current is not None:
        life = Life.LATE if serving else Life.FAILED
    else:
        life = Life.SERVING if serving else Life.NONE
    return Outlook(life=life, at=at, why=why, failure=current)


def next_try(failure: Failure, place: InPlace | None) -> datetime:
    """Not before the authority allows it; else the sooner the less of the life is left."""
    wait = BACK_OFF[min(failure.times, len(BACK_OFF)) - 1]
    left = timedelta() if place is None else place.covered.ends - failure.at
    most = max(left / SHARE, SHORTEST) if left > timedelta() else LONGEST_WITHOUT
    at = failure.at + min(wait, most)
    return at if failure.not_before is None else max(at, failure.not_before)


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
