"""Each address of a host has its own reason, and the first is not hidden by the last."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from greygate.probe import connection


@pytest.fixture
def listening() -> Iterator[int]:
    """A port on 127.0.0.1 where somebody listens."""
    with socket.socket() as channel:
        channel.bind(("127.0.0.1", 0))
        channel.listen()
        yield int(channel.getsockname()[1])


@pytest.fixture
def closed() -> int:
    with socket.socket() as channel:
        channel.bind(("127.0.0.1", 0))
        return int(channel.getsockname()[1])


def test_who_listens_is_reached(listening: int) -> None:
    assert connection.attempts("127.0.0.1", listening) == (connection.Attempt("127.0.0.1", None),)
    assert connection.why_not("127.0.0.1", listening) is None


def test_each_address_is_named_with_its_reason(
    closed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broadcast address stands for one of a family that this machine has no way out by."""
    places = [("127.0.0.1", closed), ("255.255.255.255", closed)]
    listed = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_words, **_named: listed)
    told = connection.why_not("auth.example", closed)
    assert told is not None
    first, second = told.split(", ")
    assert first == "127.0.0.1: Connection refused"
    assert second.startswith("255.255.255.255: ")


def test_one_address_that_answers_is_enough(
    closed: int, listening: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = [("127.0.0.1", closed), ("127.0.0.1", listening)]
    listed = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_words, **_named: listed)
    assert connection.why_not("auth.example", closed) is None


def test_a_silent_address_is_told_from_a_closed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as channel:
        channel.bind(("127.0.0.1", 0))
        channel.listen(0)
        place = channel.getsockname()
        waiting = [socket.create_connection(place) for _ in range(1)]  # the queue is full
        told = connection.why_not(*place, patience=0.2)
        for each in waiting:
            each.close()
    assert told == "127.0.0.1: no answer"


def test_a_name_without_an_address_is_told() -> None:
    told = connection.why_not("nobody.invalid", 443)
    assert told is not None
    assert told.startswith("nobody.invalid has no address here: ")
