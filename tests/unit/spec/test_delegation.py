from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greygate.spec.delegation import (
    LONGEST_DOCUMENT,
    LONGEST_KEPT,
    USUALLY_KEPT,
    Fetched,
    Undelegated,
    Unfetched,
    delegation,
    kept_for,
    stated,
)
from greygate.spec.server_name import ServerName
from name_world import document
from some_worlds import BODIES

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)

KEPT = {
    "": USUALLY_KEPT,
    "public": USUALLY_KEPT,
    "max-age=600": timedelta(minutes=10),
    'Public, Max-Age = "600"': timedelta(minutes=10),
    "max-age=99999999999999999999": LONGEST_KEPT,
    "max-age=" + "9" * 5000: LONGEST_KEPT,
    "max-age=-1": USUALLY_KEPT,
    "max-age=soon": USUALLY_KEPT,
    "max-age=600, no-store": timedelta(0),
    "no-cache": timedelta(0),
}

EXPIRES = {
    "Tue, 01 Sep 2026 13:00:00 GMT": timedelta(hours=1),
    "Tue, 01 Sep 2026 11:00:00 GMT": timedelta(0),
    "Thu, 01 Sep 2033 11:00:00 GMT": LONGEST_KEPT,
    "Tue, 01 Sep 2026 13:00:00 -0000": timedelta(0),
    "Thu, 01 Jan 2027 00:00:99999999999999999999 GMT": timedelta(0),
    "Fri, 31 Dec 9999 23:59:59 -1400": timedelta(0),
    "0": timedelta(0),
}


@pytest.mark.parametrize("text", ["edge.example", "edge.example:443", "[2001:db8::1]", "192.0.2.1"])
def test_a_document_delegates_to_a_server_name(text: str) -> None:
    assert delegation(document(text)) == ServerName.parse(text)


@pytest.mark.parametrize("body", BODIES)
def test_what_is_no_document_delegates_nothing(body: str) -> None:
    assert isinstance(delegation(Fetched(status=200, body=body.encode())), Undelegated)


@pytest.mark.parametrize("status", [201, 204, 301, 404, 500])
def test_any_status_but_200_delegates_nothing(status: int) -> None:
    page = Fetched(status=status, body=b'{"m.server": "edge.example"}')
    assert delegation(page) == Undelegated(f"HTTP status {status}")


def test_no_answer_delegates_nothing_and_says_why() -> None:
    assert delegation(Unfetched("refused")) == Undelegated("refused")


def test_a_long_document_is_not_read() -> None:
    body = b'{"m.server": "edge.example"}'
    short = Fetched(status=200, body=body.ljust(LONGEST_DOCUMENT - 1))
    assert isinstance(delegation(short), ServerName)
    long = Fetched(status=200, body=body.ljust(LONGEST_DOCUMENT))
    assert isinstance(delegation(long), Undelegated)


def test_a_deep_document_is_no_document() -> None:
    body = b"[" * (LONGEST_DOCUMENT - 1)
    assert isinstance(delegation(Fetched(status=200, body=body)), Undelegated)


@pytest.mark.parametrize("text", ["", "https://edge.example", "edge.example:0", "::1", "a b"])
def test_what_is_no_server_name_is_told_and_dropped(text: str) -> None:
    assert stated(document(text)) == text
    dropped = delegation(document(text))
    assert isinstance(dropped, Undelegated)
    assert repr(text) in dropped.why


@given(st.binary())
def test_any_body_is_a_document_or_none(body: bytes) -> None:
    assert isinstance(delegation(Fetched(status=200, body=body)), ServerName | Undelegated)


@pytest.mark.parametrize("text", KEPT)
def test_cache_control_says_how_long_it_is_kept(text: str) -> None:
    assert kept_for({"cache-control": text}, now=NOW) == KEPT[text]


@pytest.mark.parametrize("text", EXPIRES)
def test_expires_counts_where_nothing_else_is_said(text: str) -> None:
    assert kept_for({"expires": text}, now=NOW) == EXPIRES[text]
    assert kept_for({"expires": text, "cache-control": "max-age=7"}, now=NOW).seconds == 7


@given(st.text(), st.text())
def test_any_header_gives_a_time_within_the_limits(control: str, expires: str) -> None:
    kept = kept_for({"cache-control": control, "expires": expires}, now=NOW)
    assert timedelta(0) <= kept <= LONGEST_KEPT
