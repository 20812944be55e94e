"""Moments in strangers' headers and words: whatever they send is read, or passed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greygate.spec.moments import LONGEST_NUMBER, http_date, moment_of, span_of

LONGEST = timedelta(seconds=LONGEST_NUMBER)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("0", timedelta()),
        ("000000000000060", timedelta(minutes=1)),
        ("9" * 30, LONGEST),
        ("9" * 5000, LONGEST),  # Python reads 4300 digits
        ("-5", None),
        ("1.5", None),
        ("", None),
        ("120, 240", None),
        ("\N{SUPERSCRIPT TWO}", None),  # str.isdigit has it for a digit
        ("\N{ARABIC-INDIC DIGIT THREE}", None),
    ],
)
def test_a_span(text: str, wanted: timedelta | None) -> None:
    assert span_of(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Fri, 27 Nov 2026 03:04:05 GMT", datetime(2026, 11, 27, 3, 4, 5, tzinfo=UTC)),
        ("Fri, 31 Dec 9999 23:59:59 -1400", None),
        ("Mon, 30 Feb 2027 00:00:00 GMT", None),
        ("Thu, 01 Jan 2027 00:00:99999999999999999999 GMT", None),
        ("Fri, 27 Nov 2026 03:04:05", None),
        ("soon", None),
        ("", None),
    ],
)
def test_an_http_date(text: str, wanted: datetime | None) -> None:
    assert http_date(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("2026-11-27T03:04:05+00:00", datetime(2026, 11, 27, 3, 4, 5, tzinfo=UTC)),
        ("2026-99-99T00:00:00+00:00", None),
        ("9999-12-31T23:59:59-14:00", None),
        ("2026-11-27T03:04:05", None),
    ],
)
def test_an_iso_moment(text: str, wanted: datetime | None) -> None:
    assert moment_of(text) == wanted


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, [0-9]+ Jan [0-9]+ [0-9:]+ [+-][0-9]+"))
def test_any_text_is_a_moment_or_none(text: str) -> None:
    for read in (span_of, http_date, moment_of):
        assert isinstance(read(text), timedelta | datetime | None)
