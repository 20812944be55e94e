"""When the next order is due: from what is in place now, and the last failure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from greygate.spec.acme import Life
from greygate.spec.certificate import Covered, Due
from greygate.spec.renewal import Failure, InPlace, Outlook, Suggestion, next_try, outlook

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def in_place(begins: datetime, life: timedelta, fingerprint: str = "A") -> InPlace:
    covered = Covered(names=frozenset(), addresses=frozenset(), begins=begins, ends=begins + life)
    return InPlace(covered=covered, fingerprint=fingerprint)


def failure(
    at: datetime, *, times: int = 1, about: str | None = "A", not_before: datetime | None = None
) -> Failure:
    return Failure(
        at=at, cause="it is down", cure="wait", times=times, about=about, not_before=not_before
    )


def seen(
    place: InPlace | None,
    failed: Failure | None = None,
    advice: Suggestion | None = None,
    *,
    unfit: Due | None = None,
    now: datetime = NOW,
) -> Outlook:
    return outlook(place, failed, advice, unfit=unfit, now=now)


def arrived(since: datetime, *, begins: datetime, life: timedelta) -> InPlace:
    return replace(in_place(begins, life), since=since)


FRESH = in_place(NOW - 30 * DAY, 90 * DAY)


def test_two_thirds_of_its_life() -> None:
    assert seen(FRESH) == Outlook(life=Life.SERVING, at=NOW + 30 * DAY, why=Due.OLD, failure=None)


def test_where_there_is_none_it_is_due_now() -> None:
    told = seen(None)
    assert (told.life, told.at) == (Life.NONE, NOW)


def test_other_names_are_due_now() -> None:
    told = seen(FRESH, unfit=Due.OTHER_NAMES)
    assert (told.life, told.at, told.why) == (Life.SERVING, NOW, Due.OTHER_NAMES)


def test_the_authority_is_heeded() -> None:
    soon = Suggestion("A", NOW + HOUR, NOW + HOUR)
    assert seen(FRESH, advice=soon).at == NOW + HOUR
    assert seen(FRESH, advice=soon).why is Due.ADVISED


@pytest.mark.parametrize(
    "advice",
    [Suggestion("B", NOW, NOW), Suggestion("A", NOW + 61 * DAY, NOW), Suggestion("A", None, NOW)],
    ids=["about another", "after its end", "none"],
)
def test_other_advice_is_not(advice: Suggestion) -> None:
    assert seen(FRESH, advice=advice).at == NOW + 30 * DAY


def test_a_failure_is_tried_again_later_each_time() -> None:
    old = in_place(NOW - 61 * DAY, 90 * DAY)
    waits = [seen(old, failure(NOW, times=it)).at - NOW for it in (1, 2, 3, 4, 5, 9)]
    assert waits == [15 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR]


def test_the_less_is_left_the_sooner() -> None:
    place = in_place(NOW - 5 * MINUTE, 10 * MINUTE)
    assert next_try(failure(NOW, times=5), place) == NOW + MINUTE / 2
    ending = in_place(NOW - 10 * MINUTE, 10 * MINUTE + timedelta(seconds=5))
    assert next_try(failure(NOW), ending) == NOW + timedelta(seconds=10)


def test_where_nobody_is_served_it_is_never_longer_than_an_hour() -> None:
    assert next_try(failure(NOW, times=9, about=None), None) == NOW + HOUR
    expired = in_place(NOW - 91 * DAY, 90 * DAY)
    assert next_try(failure(NOW, times=9), expired) == NOW + HOUR
    assert seen(expired, failure(NOW)).life is Life.FAILED


def test_the_authority_says_not_before() -> None:
    limited = failure(NOW, not_before=NOW + 3 * DAY)
    assert next_try(limited, in_place(NOW - MINUTE, 2 * MINUTE)) == NOW + 3 * DAY


def test_a_failure_about_another_certificate_says_nothing() -> None:
    """The waiter who had worked out a moment must find that it is another's."""
    seconds = in_place(NOW, timedelta(seconds=30), fingerprint="B")
    told = seen(seconds, failure(NOW - MINUTE, times=5, about="A"))
    assert told.at == NOW + timedelta(seconds=20)
    assert (told.life, told.failure) == (Life.SERVING, None)


def test_a_failure_before_the_first_certificate_says_nothing_after_it() -> None:
    assert seen(FRESH, failure(NOW, about=None)).failure is None
    assert seen(None, failure(NOW, about=None)).life is Life.FAILED


def test_what_cannot_be_read_serves_nobody() -> None:
    assert seen(FRESH, unfit=Due.UNREADABLE).life is Life.NONE


def test_advice_that_lies_in_the_past_is_followed_once() -> None:
    new = arrived(NOW, begins=NOW, life=90 * DAY)
    told = seen(new, advice=Suggestion("A", NOW - 9 * DAY, NOW + HOUR))
    assert (told.at, told.why, told.too_soon) == (NOW + 2 * DAY, Due.ADVISED, True)
    assert seen(replace(new, since=NOW - 3 * DAY), advice=Suggestion("A", NOW - DAY, NOW)).at < NOW


def test_a_clock_that_is_ahead_orders_no_more_than_its_share() -> None:
    """160 hours, as issued five days ago by our clock: due as it arrives."""
    short = arrived(NOW, begins=NOW - 5 * DAY, life=160 * HOUR)
    assert (seen(short).at, seen(short).too_soon) == (NOW + 40 * HOUR, True)
    over = arrived(NOW, begins=NOW - 100 * DAY, life=90 * DAY)
    assert seen(over).at == NOW + 2 * DAY


def test_a_certificate_of_seconds_is_renewed_in_seconds() -> None:
    short = arrived(NOW, begins=NOW, life=timedelta(seconds=30))
    assert (seen(short).at, seen(short).too_soon) == (NOW + timedelta(seconds=20), False)


def test_other_names_do_not_wait() -> None:
    new = arrived(NOW, begins=NOW, life=90 * DAY)
    assert seen(new, unfit=Due.OTHER_NAMES).at == NOW


def test_what_a_clock_that_was_ahead_has_left_is_not_waited_for() -> None:
    later = NOW + 1000 * DAY
    old = arrived(later, begins=NOW - 80 * DAY, life=90 * DAY)
    assert seen(old).at == NOW - 20 * DAY
    assert seen(FRESH, failure(later)).at == NOW + 30 * DAY


def test_an_authority_cannot_bar_us_for_longer_than_its_limits_last() -> None:
    told = seen(None, failure(NOW, about=None, not_before=NOW + 36500 * DAY))
    assert told.at == NOW + 8 * DAY


@pytest.mark.parametrize(("ahead", "told"), [(9 * MINUTE, False), (5 * DAY, True), (-DAY, True)])
def test_clocks_that_differ_are_told(ahead: timedelta, told: bool) -> None:
    assert (seen(replace(FRESH, clock_ahead=ahead)).clock_ahead is not None) == told
