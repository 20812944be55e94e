"""A line with holes: home behind a router, an edge beyond it, a real Yggdrasil at both ends.

Smaller than a lab of hosts: three network namespaces, so that a hole begins and ends on the
instant, and what is timed is the link alone.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from greygate.components.edge import pulse
from greygate.lab import links
from greygate.run import keeper
from greygate.spec.yggdrasil import address_of

HOME, WAY, EDGE = "home", "way", "edge"
EDGE_ADDRESS = "192.0.2.10"
PORTS = (443, 8448)
PING_EVERY = 0.1  # seconds
STARTUP = 20.0  # seconds for two nodes to find each other
NAT = "table ip out { chain post { type nat hook postrouting priority 100; masquerade; }; }"
HOLE = "table inet hole { chain forward { type filter hook forward priority 0; drop; }; }"
# The least that HAProxy runs with: a way in, and its time-outs.
BARE = """\
defaults
    mode tcp
    timeout connect 5s
    timeout client 75s
    timeout server 75s

frontend none
    bind 127.0.0.1:1

"""
# An echo request each `PING_EVERY` seconds, a line with the time for each answer: ICMPv6 (RFC 4443)
# types 128 and 129. A minimal Debian has no ping.
PINGS = """
import select, socket, sys, time
pings = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
while True:
    began = time.time()
    try:
        pings.sendto(bytes((128, 0, 0, 0, 0, 7, 0, 0)), (sys.argv[1], 0))
    except OSError:
        pass
    while (left := began + float(sys.argv[2]) - time.time()) > 0:
        if select.select((pings,), (), (), left)[0] and pings.recv(64)[0] == 129:
            print(time.time(), flush=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Two nodes that see each other, and the router between them."""

    below: Path
    prefix: str
    edge: IPv6Address  # on the overlay
    peers: tuple[str, ...]  # what home dials

    def close(self) -> None:
        """From now on everything is lost on the way, and nobody is told."""
        self.inside(WAY, "nft", HOLE)

    def open(self) -> None:
        self.inside(WAY, "nft", "delete table inet hole")

    def inside(self, host: str, *argv: str) -> str:
        return _said(*_inside(self.prefix, host, *argv))

    def up(self) -> int:
        """How many of home's links are up, as its node sees it."""
        return sum(keeper.Node([str(self.below / HOME / "admin.sock")]).links().values())

    def back_after(self, hole: float, *, most: float, traffic: bool = True) -> float:
        """Seconds from the end of a hole to the first answer; `most` where none came by then.

        Without `traffic` nobody uses the line while it is closed.
        """
        self.close()
        if not traffic:
            time.sleep(hole)
        with self._pings() as replies:
            if traffic:
                time.sleep(hole)
            self.open()
            ended = time.time()
            while time.time() < ended + most:
                time.sleep(PING_EVERY / 2)
                if after := [at for at in replies() if at > ended]:
                    return after[0] - ended
        return most

    def heard(self) -> bool:
        """Whether the edge answers now."""
        with self._pings() as replies:
            time.sleep(1.0)
            return bool(replies())

    @contextmanager
    def _pings(self) -> Iterator[Callable[[], list[float]]]:
        """Asks the edge all the while; tells when each answer came, in seconds since 1970."""
        path = self.below / "pings"
        program = (sys.executable, "-I", "-c", PINGS, str(self.edge), f"{PING_EVERY}")
        argv = _inside(self.prefix, HOME, *program)
        with path.open("wb") as stream, _running(argv, stream.fileno()):
            yield lambda: [float(line) for line in path.read_text().splitlines()]


@contextmanager
def line(below: Path, prefix: str, *, kept: bool) -> Iterator[Line]:
    """The line with both nodes up, and with the link keeper at home where it is `kept`."""
    with ExitStack() as ending:
        ending.callback(clear, prefix)
        for host in (HOME, WAY, EDGE):
            (below / host).mkdir()
            _said("ip", "netns", "add", f"{prefix}{host}")
        _cables(prefix)
        keys = {host: Ed25519PrivateKey.generate() for host in (HOME, EDGE)}
        public = {host: key.public_key().public_bytes_raw() for host, key in keys.items()}
        key = public[EDGE].hex()
        made = Line(
            below=below,
            prefix=prefix,
            edge=address_of(public[EDGE]),
            peers=tuple(f"tls://{EDGE_ADDRESS}:{port}?key={key}" for port in PORTS),
        )
        listen = tuple(f"tls://{EDGE_ADDRESS}:{port}" for port in PORTS)
        ending.enter_context(_node(made, EDGE, keys[EDGE], listen=listen))
        ending.enter_context(_node(made, HOME, keys[HOME], peers=made.peers))
        if kept:
            ending.enter_context(_kept(made))
            ending.enter_context(_pulsing(made, address_of(public[HOME])))
        _wait_for(made)
        yield made


def clear(prefix: str) -> None:
    """End and remove all of a line that there is."""
    for name in links.namespaces(prefix):
        for pid in _said("ip", "netns", "pids", name).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        links.remove_namespace(name)


def _wait_for(made: Line) -> None:
    until = time.monotonic() + STARTUP
    while not (made.heard() and made.up() == len(PORTS)):
        assert time.monotonic() < until, "the two nodes do not find each other"
        time.sleep(0.2)


def _cables(prefix: str) -> None:
    inside = {host: f"{prefix}{host}" for host in (HOME, WAY, EDGE)}
    for host, there, here in (
        (HOME, "10.7.0.2/24", "10.7.0.1/24"),
        (EDGE, f"{EDGE_ADDRESS}/24", "192.0.2.1/24"),
    ):
        _said(
            *("ip", "link", "add", "wan", "netns", inside[host], "type", "veth"),
            *("peer", "name", host, "netns", inside[WAY]),
        )
        for where, name, address in ((host, "wan", there), (WAY, host, here)):
            _said("ip", "-n", inside[where], "address", "add", address, "dev", name)
            _said("ip", "-n", inside[where], "link", "set", name, "up")
        _said("ip", "-n", inside[host], "link", "set", "lo", "up")
        _said(*("ip", "-n", inside[host], "route", "add", "default"), "via", here.split("/")[0])
    forward = "echo 1 >/proc/sys/net/ipv4/ip_forward"  # a minimal Debian has no sysctl
    _said(*_inside(prefix, WAY, "sh", "-c", forward))
    _said(*_inside(prefix, WAY, "nft", NAT))


@contextmanager
def _node(
    made: Line,
    host: str,
    key: Ed25519PrivateKey,
    *,
    peers: tuple[str, ...] = (),
    listen: tuple[str, ...] = (),
) -> Iterator[None]:
    settings = {
        "PrivateKey": (key.private_bytes_raw() + key.public_key().public_bytes_raw()).hex(),
        "Peers": peers,
        "Listen": listen,
        "MulticastInterfaces": [],
        "AdminListen": f"unix://{made.below / host / 'admin.sock'}",
        "IfName": "ygg0",
        "IfMTU": 65535,
    }
    config = made.below / host / "yggdrasil.conf"
    config.touch(0o600)
    config.write_text(json.dumps(settings))
    argv = _inside(made.prefix, host, "/usr/sbin/yggdrasil", "-useconffile", str(config))
    with (made.below / host / "log").open("wb") as log, _running(argv, log.fileno()):
        yield


@contextmanager
def _kept(made: Line) -> Iterator[None]:
    told = made.below / "links.json"
    edge = {"id": "edge1", "address": str(made.edge), "peers": made.peers, "until": None}
    admin = [str(made.below / HOME / "admin.sock")]
    told.write_text(json.dumps({"admin": admin, "edges": [edge]}))
    program = (sys.executable, "-I", "-S", keeper.__file__, str(told))
    argv = _inside(made.prefix, HOME, *program)
    with (made.below / "keeper.log").open("wb") as log, _running(argv, log.fileno()):
        yield


@contextmanager
def _pulsing(made: Line, home: IPv6Address) -> Iterator[None]:
    """The edge's HAProxy, as far as it speaks by itself."""
    config = made.below / "haproxy.cfg"
    config.write_text(f"{BARE}{pulse(1, home)}\n")
    argv = _inside(made.prefix, EDGE, "/usr/sbin/haproxy", "-db", "-f", str(config))
    with (made.below / "haproxy.log").open("wb") as log, _running(argv, log.fileno()) as haproxy:
        yield
        assert haproxy.poll() is None, "it ended before the line did: see haproxy.log"


@contextmanager
def _running(argv: tuple[str, ...], output: int) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(argv, stdout=output, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()


def _inside(prefix: str, host: str, *argv: str) -> tuple[str, ...]:
    return ("ip", "netns", "exec", f"{prefix}{host}", *argv)


def _said(*argv: str) -> str:
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=True).stdout
