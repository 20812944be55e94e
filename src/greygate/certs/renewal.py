"""The certificate kept from growing old: looked at, ordered when it is time, failures kept.

One run looks ahead for as long as it was told, waits for what falls due meanwhile, and ends. It
looks at everything anew after each wait, however short.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from greygate.certs.account import stranger
from greygate.certs.alone import alone
from greygate.certs.authority import Authority
from greygate.certs.installation import in_place, is_from, placed
from greygate.certs.issue import Ordering, issue
from greygate.certs.kept import Kept
from greygate.certs.refusal import AuthorityRefused
from greygate.certs.standing import look
from greygate.errors import Trouble
from greygate.progress import Progress
from greygate.site.defaults import challenge_zone_of
from greygate.site.model import Challenge
from greygate.spec.acme import Deed, Turn, life
from greygate.spec.certificate import Due
from greygate.spec.renewal import Failure, Outlook
from greygate.text import _

LONGEST_WAIT = timedelta(seconds=20)  # another process may install one meanwhile
LONGEST_SILENCE = timedelta(days=7)  # what was kept for longer was kept by a clock that was ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """What one run did."""

    orders: tuple[Due, ...]  # why each new certificate was ordered
    failure: Trouble | None  # how the last order failed, if it did
    outlook: Outlook


def keep(
    ordering: Ordering,
    progress: Progress,
    *,
    ahead: timedelta,
    reload: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Renewed:
    """Order whatever is due; go on for as long as something falls due within `ahead`."""
    orders: list[Due] = []
    failure: Trouble | None = None
    rested: datetime | None = None  # after a success: whatever is said to be due, not before
    heed_authority(ordering)
    while True:
        now = datetime.now(UTC)
        seen = look(ordering.site, ordering.paths, now=now)
        at = seen.at if rested is None else max(seen.at, rested)
        if at > now + ahead:
            return Renewed(orders=tuple(orders), failure=failure, outlook=replace(seen, at=at))
        if at > now:
            sleep(min(at - now, LONGEST_WAIT).total_seconds())
            continue
        with alone(ordering.paths, progress):
            now = datetime.now(UTC)
            if look(ordering.site, ordering.paths, now=now).at > now:
                continue  # another has done it while we waited
            failure = order(ordering, progress, reload=reload, attended=False)
        if failure is None:
            orders.append(seen.why)
            rested = _rested(ordering)
            heed_authority(ordering)


def _rested(ordering: Ordering) -> datetime | None:
    seen = in_place(ordering.paths)
    kept = Kept(ordering.paths, ordering.authority)
    return None if seen is None else placed(seen, kept, ordering.authority).rested


def order(
    ordering: Ordering, progress: Progress, *, reload: Callable[[], None], attended: bool = True
) -> Trouble | None:
    """One order, and what follows from it by the table; the trouble where it failed."""
    kept = Kept(ordering.paths, ordering.authority)
    before = look(ordering.site, ordering.paths, now=datetime.now(UTC))
    under_way, _deeds = life(before.life, Turn.DUE)
    failure: Trouble | None = None
    try:
        if not attended:
            _demand_no_hands(ordering)
        issue(ordering, progress)
    except Trouble as trouble:
        failure = trouble
    _after, deeds = life(under_way, Turn.INSTALLED if failure is None else Turn.REFUSED)
    if Deed.RELOAD in deeds:
        reload()
    if Deed.FORGET_FAILURE in deeds:
        kept.forget_failure()
    if Deed.KEEP_FAILURE in deeds:
        assert failure is not None, "only what failed is kept as a failure"
        _keep_failure(ordering, kept, failure, before.failure)
    return failure  # the timers of the table are the next look


def _demand_no_hands(ordering: Ordering) -> None:
    """Trouble where somebody would have to type a value, and nobody is there to read it."""
    zones = dict.fromkeys(challenge_zone_of(ordering.site, name) for name in ordering.names)
    for zone in zones:
        if zone.challenge is Challenge.MANUAL:
            raise Trouble(
                _("cannot renew the certificate by itself: {zone} is proved by hand").format(
                    zone=zone.name
                ),
                _("greygate cert issue, and type what it says; or another challenge for the zone"),
            )


def heed_authority(ordering: Ordering) -> None:
    """Ask the authority when it would have it renewed, where that is time (RFC 9773, 4.3)."""
    kept, seen = Kept(ordering.paths, ordering.authority), in_place(ordering.paths)
    now, last = datetime.now(UTC), kept.suggestion()
    if seen is None or not is_from(ordering.authority, seen, kept):
        return
    asked = (
        last is not None
        and last.about == seen.fingerprint
        and now < last.ask_again < now + LONGEST_SILENCE
    )
    if asked or now >= seen.told.covered.ends:
        return
    try:
        authority = Authority(ordering.authority, stranger(ordering.authority))
        kept.keep_suggestion(authority.suggestion(seen.certificate, seen.fingerprint))
    except Trouble:
        return  # its advice is only advice


def _keep_failure(ordering: Ordering, kept: Kept, trouble: Trouble, before: Failure | None) -> None:
    seen = in_place(ordering.paths)
    about = None if seen is None else seen.fingerprint
    again = before.times if before is not None and before.about == about else 0
    kept.keep_failure(
        Failure(
            at=datetime.now(UTC),
            cause=trouble.what,
            cure=trouble.hint,
            times=again + 1,
            about=about,
            not_before=trouble.not_before if isinstance(trouble, AuthorityRefused) else None,
        )
    )
