"""This machine, looked at."""

from __future__ import annotations

import socket
from ipaddress import ip_address

from greygate.probe.host import Connection, Connections, connections, interface_of

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
