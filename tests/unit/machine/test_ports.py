"""Who holds a port, and whether that bars us."""

from __future__ import annotations

import os
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from greygate.errors import Trouble
from greygate.machine import ports
from greygate.machine.ports import Address, Holder

OURS = IPv6Address("200::1")


@pytest.mark.parametrize(
    ("held", "wanted", "barred"),
    [
        ("200::1", "200::1", True),
        ("200::2", "200::1", False),
        ("::", "200::1", True),
        ("0.0.0.0", "200::1", False),
        ("0.0.0.0", "127.0.0.1", True),
        ("::", "127.0.0.1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "::1", False),
    ],
)
def test_a_wildcard_bars_every_address_of_its_kind(held: str, wanted: str, barred: bool) -> None:
    holder = Holder(address=ip_address(held), port=443)
    assert holder.bars(ip_address(wanted), 443) is barred
    assert not holder.bars(ip_address(wanted), 8448)


def test_each_holder_is_told_once() -> None:
    nginx = Holder(address=IPv6Address("::"), port=443, pid=1, program="nginx")
    wanted: tuple[Address, ...] = (OURS, IPv4Address("127.0.0.1"))
    assert ports.conflicts(wanted, (443, 8448), (nginx, nginx)) == ((OURS, nginx),)
    ports.demand_free(wanted, (8448,), (nginx,))


@pytest.mark.parametrize(
    ("holder", "what", "hint"),
    [
        (
            Holder(address=OURS, port=443, pid=8, program="nginx", unit="nginx.service"),
            "cannot listen on [200::1]:443: nginx (pid 8, nginx.service) does already",
            "systemctl disable --now nginx.service",
        ),
        (
            Holder(address=OURS, port=443, pid=8, program="nc"),
            "nc (pid 8) does already",
            "kill 8",
        ),
        (Holder(address=OURS, port=443), "may not see", "ss -ltnp 'sport = :443'"),
    ],
)
def test_the_trouble_names_the_program_and_how_to_end_it(
    holder: Holder, what: str, hint: str
) -> None:
    with pytest.raises(Trouble) as met:
        ports.demand_free((OURS,), (443,), (holder,))
    assert what in met.value.what
    assert hint in met.value.hint


@pytest.mark.parametrize(
    ("cgroup", "unit"),
    [
        ("0::/system.slice/nginx.service\n", "nginx.service"),
        ("0::/user.slice/user-0.slice/session-1.scope\n", None),
        ("0::/user.slice/user-1.slice/user@1.service/app.slice/web.service\n", "web.service"),
        ("12:pids:/system.slice/ssh.service\n0::/\n", "ssh.service"),
        ("0::/machine.slice/box.scope/payload/system.slice/a.service\n", "a.service"),
        ("0::/\n", None),
    ],
)
def test_the_unit_is_read_from_the_cgroup(cgroup: str, unit: str | None) -> None:
    assert ports.unit_in(cgroup) == unit


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
def test_our_own_socket_is_seen(family: socket.AddressFamily, host: str) -> None:
    with socket.socket(family) as listening:
        listening.bind((host, 0))
        listening.listen()
        port = listening.getsockname()[1]
        (found,) = (it for it in ports.holders() if it.port == port)
    assert (found.address, found.pid) == (ip_address(host), os.getpid())
    assert found.program
