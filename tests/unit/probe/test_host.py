"""This machine, looked at."""

from __future__ import annotations

import socket
from ipaddress import ip_address

import pytest

from greygate.probe.host import Connection, Connections, connections, interface_of, listens

HERE = ip_address("127.0.0.1")


def test_an_address_is_on_its_interface() -> None:
    assert interface_of(HERE) == "lo"
    assert interface_of(ip_address("192.0.2.77")) is None


def test_a_connection_is_seen_from_both_its_ends() -> None:
    with (
        socket.create_server((str(HERE), 0)) as listening,
        socket.create_connection(listening.getsockname()) as channel,
    ):
        ours, theirs = listening.getsockname()[1], channel.getsockname()[1]
        seen = connections()
        assert isinstance(seen, Connections)
        assert ours in seen.listening
        assert theirs not in seen.listening
        assert Connection(HERE, ours, HERE, theirs) in seen.established


@pytest.mark.parametrize("bound", ["127.0.0.1", "0.0.0.0", "::1", "::"])
def test_who_listens_is_seen_without_a_packet(bound: str) -> None:
    """At every address of its family where it is bound to all, and of no other."""
    six = ":" in bound
    family = socket.AF_INET6 if six else socket.AF_INET
    here, elsewhere = (ip_address("::1"), HERE) if six else (HERE, ip_address("::1"))
    with socket.create_server((bound, 0), family=family) as listening:
        port = listening.getsockname()[1]
        assert listens(here, port)
        assert not listens(elsewhere, port)
    assert not listens(here, port)


def test_what_is_bound_and_does_not_listen_yet_is_not_seen() -> None:
    with socket.socket() as bound:
        bound.bind((str(HERE), 0))
        assert not listens(HERE, bound.getsockname()[1])
