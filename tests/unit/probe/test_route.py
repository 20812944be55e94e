"""The way to an address, as the kernel tells it."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address

import pytest

from greygate.probe import route
from greygate.probe.route import Unrouted, unrouted

OURS, FOREIGN = IPv6Address("201::2"), IPv6Address("2001:db8::5")
THERE = IPv6Address("200::1")
INTERFACES = {OURS: "greygate0", FOREIGN: "eth0"}


class Kernel:
    """Looks up what is connected in a table: by whom it is asked, and what it answers."""

    def __init__(self, bound: str | OSError, free: str | OSError) -> None:
        self._answers = {True: bound, False: free}

    def __call__(self, destination: IPv6Address, source: IPv6Address | None) -> IPv6Address:
        answer = self._answers[source is not None]
        if isinstance(answer, OSError):
            raise answer
        return IPv6Address(answer)


@pytest.mark.parametrize(
    ("bound", "free", "why"),
    [
        (str(OURS), str(OURS), None),
        (OSError(101, "Network is unreachable"), str(OURS), "Network is unreachable"),
        (str(OURS), OSError(101, "Network is unreachable"), "Network is unreachable"),
        (OSError(22, "Invalid argument"), str(OURS), "a route or rule drops it (blackhole)"),
        (str(OURS), str(FOREIGN), "its route leads through eth0"),
    ],
)
def test_each_obstacle_is_told(
    monkeypatch: pytest.MonkeyPatch, bound: str | OSError, free: str | OSError, why: str | None
) -> None:
    monkeypatch.setattr(route, "interface_of", INTERFACES.get)
    monkeypatch.setattr(route, "_source_towards", Kernel(bound, free))
    found = unrouted(OURS, (THERE,))
    assert found == (() if why is None else (Unrouted(THERE, why),))


def test_an_address_that_this_machine_lacks_is_another_matter() -> None:
    assert unrouted(IPv6Address("2001:db8::dead"), (THERE,)) == ()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_the_kernel_is_asked() -> None:
    here = IPv6Address("::1")
    assert unrouted(here, (here,)) == ()
