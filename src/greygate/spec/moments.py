"""Moments and spans as strangers' headers and words tell them (RFC 9110, 5.6.7 and 10.2.3).

Whatever they send is read or passed over: a number without end and a year beyond the calendar too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_NUMBER = 2**31  # seconds; what is more counts as that (RFC 9111, 1.2.2)


def span_of(text: str) -> timedelta | None:
    """The span that is told in seconds; None where it is no whole number of them."""
    if not (text.isascii() and text.isdigit()):
        return None
    digits = text.lstrip("0")
    beyond = len(digits) > len(str(LONGEST_NUMBER))  # Python reads no number of 4300 digits
    return timedelta(seconds=LONGEST_NUMBER if beyond else min(int(digits or 0), LONGEST_NUMBER))


def http_date(text: str) -> datetime | None:
    """The moment, in UTC; None where it is no date, or one that has no zone or no place in it."""
    try:
        moment = parsedate_to_datetime(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def moment_of(text: str) -> datetime | None:
    """The moment that an ISO 8601 text with a zone tells; None where it tells none."""
    try:
        moment = datetime.fromisoformat(text)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
