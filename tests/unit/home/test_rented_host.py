"""What a host's answers mean, and which hosts can become an edge."""

from __future__ import annotations

import base64
import subprocess
import time
from dataclasses import replace
from ipaddress import ip_address

import pytest

from greygate.home import rented_host
from greygate.home.rented_host import ROOM, Host, Order, host_of, obstacles, remarks, steps

THERE = ip_address("192.0.2.10")
ORDER = Order(
    edge="edge1",
    site="5" * 16,
    server_name="twinkle.example",
    ports=(443, 8448),
    addresses=(THERE, ip_address("2001:db8::10")),
)

# A machine with Debian 12 where nginx has 443, word for word.
ANSWERS = """\
os debian
release 12
name Debian GNU/Linux 12 (bookworm)
machine x86_64
apt /usr/bin/apt-get
python sh: 1: python3: not found
systemd yes
free Available Mounted on
free 9183728 /
free 512 /usr
taken 0.0.0.0:443 users:(("nginx",pid=731,fd=6),("nginx",pid=730,fd=6))
taken [::]:443 users:(("nginx",pid=731,fd=7),("nginx",pid=730,fd=7))
"""

ANSWERS_OF_A_FINE_ONE = "".join(
    f"{line}\n" for line in ANSWERS.splitlines() if not line.startswith(("taken", "free", "python"))
)

FINE = Host(
    os="debian",
    release="12",
    name="Debian GNU/Linux 12 (bookworm)",
    machine="x86_64",
    apt=True,
    python="3.11.2",
    systemd=True,
    free=((ROOM, "/"),),
)


def test_answers_are_read() -> None:
    assert host_of(ANSWERS) == replace(
        FINE,
        python=None,
        free=((9183728 * 1024, "/"), (512 * 1024, "/usr")),
        taken=((443, "nginx (pid 731)"),),
    )


def test_an_edge_and_a_home_are_read() -> None:
    told = host_of("python Python 3.11.2\nhome twinkle.example\nedge edge1 5555\ntaken *:8448 \n")
    assert (told.python, told.home, told.edge) == ("3.11.2", "twinkle.example", ("edge1", "5555"))
    assert told.taken[0][0] == 8448


def test_this_machine_answers_every_question() -> None:
    asked = subprocess.run(
        ("sh", "-c", rented_host.QUESTIONS), capture_output=True, text=True, check=False
    )
    told = host_of(asked.stdout)
    assert asked.stderr == ""
    assert told.apt and told.python and told.machine != "unknown"
    assert told.free and all(free > 0 for free, _at in told.free)


def test_a_fine_host_has_no_obstacle() -> None:
    assert list(obstacles(FINE, ORDER)) == []
    mine = replace(FINE, edge=("edge1", ORDER.site), free=((1, "/"),), taken=((443, "haproxy"),))
    assert list(obstacles(mine, ORDER)) == []
    assert list(obstacles(replace(FINE, os="devuan", release="5"), ORDER)) == []
    assert list(obstacles(replace(FINE, release=""), ORDER)) == []


@pytest.mark.parametrize(
    ("host", "what", "hint"),
    [
        (replace(FINE, apt=False, name="Fedora Linux 43"), "it runs Fedora Linux 43", "Debian 12"),
        (replace(FINE, release="11", name="Debian 11"), "Debian 11 is too old", "Debian 12"),
        (replace(FINE, os="ubuntu", release="22.04"), "too old", "Ubuntu 24.04"),
        (replace(FINE, systemd=False), "systemd does not run it", "Debian 13"),
        (replace(FINE, machine="armv7l"), "processor is armv7l", "Debian 12"),
        (replace(FINE, home="twinkle.example"), "this very home", "another host"),
        (replace(FINE, home="other.example"), "the home of other.example", "another host"),
        (replace(FINE, edge=("edge2", ORDER.site)), "edge edge2 of this site", "edge leave"),
        (replace(FINE, edge=("edge1", "0" * 16)), "edge edge1 of another site", "edge leave"),
        (replace(FINE, free=((5_000_000, "/var"),)), "5.0 MB free in /var", "apt-get clean"),
        (replace(FINE, taken=((443, "nginx (pid 7)"),)), "443 is taken by nginx", "--ports 8448"),
    ],
)
def test_an_obstacle_is_told_with_its_cure(host: Host, what: str, hint: str) -> None:
    (found,) = obstacles(host, ORDER)
    assert what in found.what
    assert hint in found.hint


def test_a_port_that_is_not_wanted_may_be_taken() -> None:
    host = replace(FINE, taken=((443, "nginx (pid 7)"),))
    assert list(obstacles(host, replace(ORDER, ports=(8448,)))) == []
    both = replace(FINE, taken=((443, "caddy (pid 7)"), (8448, "caddy (pid 7)")))
    (found,) = obstacles(both, ORDER)
    assert "--ports" not in found.hint


def test_the_steps_name_what_is_missing() -> None:
    assert not [it for it in steps(FINE, ORDER) if "python3-venv" in it]
    assert [it for it in steps(replace(FINE, python=None), ORDER) if "python3-venv" in it]
    assert [it for it in steps(FINE, replace(ORDER, ports=(8448,))) if it.endswith("on 8448")]


def test_another_address_than_home_dials_is_remarked() -> None:
    assert list(remarks(replace(FINE, address=THERE), ORDER)) == []
    (remark,) = remarks(replace(FINE, address=ip_address("192.0.2.99")), ORDER)
    assert "192.0.2.99" in remark
    assert "192.0.2.10 and 2001:db8::10" in remark


WHAT_A_NODE_NEEDS = [
    ("tun 2", "there is no /dev/net/tun", "modprobe tun"),
    ("tun 13", "/dev/net/tun may not be opened", "have its host allow the device"),
    ("rights 00000000a80425fb", "CAP_NET_ADMIN", "have its host grant CAP_NET_ADMIN"),
    ("ipv6 net.ipv6.conf.all.disable_ipv6=1", "IPv6 is switched off", "echo 0 >/proc/sys/net/ipv6"),
    ("ipv6 ipv6.disable=1", "IPv6 is switched off", "kernel's command line"),
    ("clock 1000000000", "the clock says 2001-09-09", "timedatectl"),
]


@pytest.mark.parametrize(("answer", "why", "cure"), WHAT_A_NODE_NEEDS)
def test_what_join_there_would_refuse_is_told_before_anything_is_sent(
    answer: str, why: str, cure: str
) -> None:
    host = host_of(f"{ANSWERS_OF_A_FINE_ONE}{answer}\n")
    (found,) = obstacles(host, ORDER)
    assert why in found.what
    assert cure in found.hint
    assert found.hint.startswith("on that host: ")


def test_a_host_that_has_it_all_is_told_nothing() -> None:
    fine = "rights 000001ffffffffff\nclock 1796056537\nmemory 1014992\n"
    host = host_of(f"{ANSWERS_OF_A_FINE_ONE}{fine}")
    assert list(obstacles(host, ORDER)) == []
    assert list(remarks(host, ORDER)) == []


def test_a_host_that_is_short_of_memory_is_told_so() -> None:
    host = host_of(f"{ANSWERS_OF_A_FINE_ONE}memory 126000\n")
    (remark,) = remarks(host, ORDER)
    assert "129.0 MB of memory" in remark


def test_this_machine_answers_the_questions_in_any_shell() -> None:
    done = subprocess.run(
        ["sh", "-c", rented_host.QUESTIONS], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    host = host_of(done.stdout)
    assert host.memory is not None and host.memory > 100_000_000
    assert host.clock is not None and abs(host.clock.timestamp() - time.time()) < 60


CLOSED = b"*filter\n:ufw-user-input - [0:0]\n:INPUT DROP [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"
ROUTE = "route 198.51.100.77 via 192.0.2.1 dev ens3 src 192.0.2.10 uid 0"


def test_a_packet_filter_that_is_in_the_way_is_named() -> None:
    told = f"filter iptables-nft {base64.b64encode(CLOSED).decode()}\n{ROUTE}\nroute \n"
    host = replace(host_of(told), address=THERE)
    (note,) = remarks(host, ORDER)
    assert "ufw drops what other servers send to tcp/443 and tcp/8448" in note
    assert "ufw allow proto tcp to any port 443,8448" in note


def test_what_cannot_be_read_of_a_filter_is_said() -> None:
    told = f"filter nft {base64.b64encode(b'{').decode()}\n{ROUTE}\n"
    (note,) = remarks(replace(host_of(told), address=THERE), ORDER)
    assert "its firewall is not known" in note
