"""A hundred keys of the overlay against one person's app, in a network namespace of its own.

As a program, below `unshare --net`: a real HAProxy as rendered before a real Synapse, with every
address of 200::/7 on loopback, so that whoever connects may come from any key. It prints what the
person's app had to wait, in quiet and in each attack, as JSON.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath

import psutil

import door as doors
import h2
from greygate.people import admin
from greygate.people.session import session
from greygate.plan.plan import Plan, plan_for
from greygate.secret import Secret
from greygate.spec.yggdrasil import address_of, subnet_of
from real_synapse import a_place, prepare, running, standalone_site

NAME = "m.home.example"
PORT = 8443
PASSWORD = "correct horse battery staple"
SECONDS = 12.0  # of each attack; the brakes look at ten
KEYS = 100
LOGIN = b'{"type":"m.login.password","identifier":{"type":"m.id.user","user":"%s"},"password":"%s"}'


@dataclass(frozen=True, slots=True)
class Key:
    """One key, and both prefixes that it brings."""

    node: IPv6Address
    routed: IPv6Address

    @classmethod
    def fresh(cls, random_octets: bytes) -> Key:
        routed = subnet_of(random_octets)[random.randrange(1, 1 << 32)]
        return cls(address_of(random_octets), routed)

    @property
    def either(self) -> str:
        return str(random.choice((self.node, self.routed)))


class App:
    """One connection from one address."""

    def __init__(self, home: IPv6Address, source: str, *, alpn: str = "http/1.1") -> None:
        plain = socket.socket(socket.AF_INET6)
        plain.settimeout(10)
        plain.bind((source, 0))
        plain.connect((str(home), PORT))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols([alpn])
        self.line = context.wrap_socket(plain, server_hostname=NAME)

    def ask(self, method: str, target: str, token: str = "", body: bytes = b"") -> doors.Answer:
        self.send(method, target, token, len(body), body)
        octets = b""
        while not _is_whole(octets):
            more = self.line.recv(1 << 16)
            if not more:
                raise ConnectionResetError
            octets += more
        return doors.parsed(octets)

    def send(self, method: str, target: str, token: str, length: int, body: bytes) -> None:
        lines = [f"{method} {target} HTTP/1.1", f"Host: {NAME}", f"Content-Length: {length}"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        self.line.sendall("\r\n".join((*lines, "", "")).encode() + body)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.line.close()


def _is_whole(octets: bytes) -> bool:
    head, blank, body = octets.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        return body.endswith(b"0\r\n\r\n")
    return bool(blank) and doors.complete(octets)


# --- what strangers do, each over and over until the time is up ---


def silent_handshake(home: IPv6Address, key: Key) -> None:
    with socket.socket(socket.AF_INET6) as plain:
        plain.settimeout(5)
        plain.bind((key.either, 0))
        plain.connect((str(home), PORT))
        plain.recv(1)


def held_body(home: IPv6Address, key: Key) -> None:
    app = App(home, key.either)
    app.send("POST", "/_matrix/client/v3/login", "", 15_000, b"{")
    for _ in range(5):
        time.sleep(1)
        app.line.sendall(b" ")
    app.close()


def held_streams(home: IPv6Address, key: Key) -> None:
    """As many buffers as one connection of h2 can be given."""
    app = App(home, key.either, alpn="h2")
    fields = {
        b":method": b"POST",
        b":scheme": b"https",
        b":authority": NAME.encode(),
        b":path": b"/_matrix/client/v3/login",
        b"content-length": b"15900",
    }
    h2.hold(app.line, fields, streams=20, body=b"{" * 15_800)
    time.sleep(5)
    app.close()


def upload(home: IPv6Address, key: Key) -> None:
    app = App(home, key.either)
    token = random.choice(("", "syt_bogus"))
    app.send("POST", "/_matrix/media/v3/upload", token, 100_000_000, b"")
    for _ in range(100):
        app.line.sendall(bytes(1_000_000))


def guess(home: IPv6Address, key: Key) -> None:
    app = App(home, key.either)
    for _ in range(20):
        app.ask("POST", "/_matrix/client/v3/login", body=LOGIN % (b"anna", b"wrong"))


def ask_much(home: IPv6Address, key: Key) -> None:
    app = App(home, key.either)
    for _ in range(500):
        app.ask("GET", "/_matrix/client/versions")


ATTACKS: dict[str, tuple[Callable[[IPv6Address, Key], None], int, int]] = {
    "3 keys, 200 silent handshakes each": (silent_handshake, 3, 200),
    "100 keys, silent handshakes": (silent_handshake, KEYS, 8),
    "100 keys, held bodies": (held_body, KEYS, 4),
    "100 keys, held streams of h2": (held_streams, KEYS, 3),
    "100 keys, uploads": (upload, KEYS, 2),
    "100 keys, wrong passwords": (guess, KEYS, 2),
    "100 keys, requests": (ask_much, KEYS, 2),
}


@contextmanager
def crowd(
    home: IPv6Address, act: Callable[[IPv6Address, Key], None], keys: int, each: int
) -> Iterator[None]:
    """Processes of their own, below everybody else: home is not to share its time with them."""
    script = (sys.executable, __file__, "crowd", str(home), act.__name__, str(keys), str(each))
    with subprocess.Popen(("nice", "-n", "19", *script), stdin=subprocess.PIPE) as strangers:
        try:
            time.sleep(3)
            yield
        finally:
            strangers.kill()


def be_crowd(
    home: IPv6Address, act: Callable[[IPv6Address, Key], None], keys: int, each: int
) -> None:
    threading.stack_size(256 * 1024)

    def go_on(key: Key) -> None:
        while True:
            with contextlib.suppress(OSError):
                act(home, key)
            time.sleep(random.random() / 5)

    for _ in range(keys):
        key = Key.fresh(os.urandom(32))
        for _ in range(each):
            threading.Thread(target=go_on, args=(key,), daemon=True).start()
    sys.stdin.read()


# --- what a person's app does meanwhile ---


def measured(home: IPv6Address, person: Key, token: str, seconds: float) -> dict[str, float]:
    """Asks on a connection that it keeps, and on a new one each time; refusals are counted."""
    waits: list[float] = []
    refused, ends = 0, time.monotonic() + seconds
    kept: App | None = None
    while time.monotonic() < ends:
        for fresh in (False, True):
            begun = time.monotonic()
            try:
                app = App(home, str(person.node)) if fresh or kept is None else kept
                status = app.ask("GET", "/_matrix/client/v3/account/whoami", token).status
                refused += status != 200
                kept = app if not fresh else kept
                if fresh:
                    app.close()
            except OSError:
                refused, kept = refused + 1, None
            waits.append(time.monotonic() - begun)
        time.sleep(0.05)
    ordered = sorted(waits)
    return {
        "asked": len(waits),
        "refused": refused,
        "p50": round(ordered[len(ordered) // 2] * 1000, 1),
        "p95": round(ordered[len(ordered) * 95 // 100] * 1000, 1),
    }


def main(engine: str) -> None:
    for line in ("link set lo up", "-6 route add local 200::/7 dev lo"):
        subprocess.run(("ip", *line.split()), check=True)
    Path("/proc/sys/net/ipv6/ip_nonlocal_bind").write_text("1")
    site, home = standalone_site(), Key.fresh(bytes(range(32))).node
    with a_place() as paths:
        python = PurePosixPath(engine)
        usual = plan_for(
            site, paths=paths, address=None, interface=None, engine=python, accounts=False
        )
        plan = replace(usual, addresses=(home,))
        prepare(site, plan)
        doors.write(site, plan)
        with running(site, plan), doors.running(site, plan, Path(paths.logs / "haproxy")) as it:
            sys.stdout.write(json.dumps(report(plan, home, it.process.pid)))


def report(plan: Plan, home: IPv6Address, haproxy: int) -> dict[str, dict[str, float]]:
    """`resident`: what HAProxy has in memory after the attack, in MB; it gives nothing back."""
    with session(plan.paths) as server:
        for name in ("anna", "bert"):
            admin.add(server, name, Secret(PASSWORD))
    person = Key.fresh(os.urandom(32))
    login = App(home, str(person.routed)).ask(
        "POST", "/_matrix/client/v3/login", body=LOGIN % (b"bert", PASSWORD.encode())
    )
    token = re.findall(rb'"access_token":"([^"]+)"', login.body)[0].decode()
    told = {"quiet": measured(home, person, token, SECONDS)}
    for name, (act, keys, each) in ATTACKS.items():
        with crowd(home, act, keys, each):
            told[name] = measured(home, person, token, SECONDS)
            told[name] |= {"spooled": spooled(plan), "resident": resident(haproxy)}
    time.sleep(11)
    told["quiet again"] = measured(home, person, token, SECONDS)
    told["quiet again"]["machines"] = machines(plan, home, person, token)
    return told


def machines(plan: Plan, home: IPv6Address, person: Key, token: str) -> int:
    """How many are remembered of a person who proves to be one from six hundred addresses."""
    network = int(person.routed) >> 64 << 64
    for at in range(1, 600):
        app = App(home, str(IPv6Address(network + at)))
        assert app.ask("GET", "/_matrix/client/v3/account/whoami", token).status == 200
        app.close()
        time.sleep(0.025)  # so that it is not too many in ten seconds
    return Path(plan.paths.haproxy / "known").read_text().count("machines ")


def resident(pid: int) -> int:
    """MB of a process and all below it."""
    master = psutil.Process(pid)
    return sum(it.memory_info().rss for it in (master, *master.children(recursive=True))) // 10**6


def spooled(plan: Plan) -> int:
    """Octets of bodies that Synapse keeps on disk: of files that have no name any more."""
    octets = 0
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            if os.readlink(link).startswith(f"{plan.paths.spool}/"):
                octets += link.stat().st_size
    return octets


def command(argv: Sequence[str]) -> None:
    if argv[0] == "crowd":
        be_crowd(IPv6Address(argv[1]), globals()[argv[2]], int(argv[3]), int(argv[4]))
    else:
        main(argv[0])


if __name__ == "__main__":
    command(sys.argv[1:])
