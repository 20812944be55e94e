"""What runs, and what a test may do to it."""

from __future__ import annotations

import http.client
import json
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_bytes

import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import dns.update

from acme_rig.configuration import ALGORITHM, OPERATOR, Key, files
from acme_rig.programs import answers, opens, own_network, program, wait
from greygate.lab import authority
from our_end import afterwards
from ports import free_port

ZONES = ("twinkle.example", "other.example", "hand.example")  # Knot's
AUTH = "auth.example"  # acme-dns's
DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Authority:
    """One running Pebble."""

    address: str
    ports: tuple[int, int]  # ACME, management
    trust: Path  # PEM: vouches for the HTTPS of the directory

    @property
    def directory(self) -> str:
        return f"https://{self.address}:{self.ports[0]}/dir"

    def root(self, number: int = 0) -> str:
        """PEM of the root that certificates lead to: another one at each start."""
        return self._managed(f"/roots/{number}").decode("ascii")

    def status(self, serial: int) -> str:
        """What it holds of the certificate with that number: Valid or Revoked."""
        told: str = json.loads(self._managed(f"/cert-status-by-serial/{serial:x}"))["Status"]
        return told

    def _managed(self, path: str) -> bytes:
        tls = ssl.create_default_context(cafile=str(self.trust))
        channel = http.client.HTTPSConnection(self.address, self.ports[1], timeout=5, context=tls)
        channel.request("GET", path)
        return channel.getresponse().read()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """Everything that runs for the whole session. Name servers answer on port 53."""

    resolver: str  # Unbound: home asks it, and so does every authority
    knot: str  # the authoritative server of ZONES
    keys: Mapping[str, Key]  # by zone: may update and transfer that zone, and no other
    acme_dns: str  # the URL of its API; its domain is AUTH
    trust: Path  # PEM: vouches for the HTTPS of acme-dns and of every authority
    pebble: str  # the address of every authority
    below: Path
    programs: Mapping[str, subprocess.Popen[bytes]]

    def publish(self, name: str, kind: str, *values: str, ttl: int = 1) -> None:
        """Have these records in place of any of that kind; without values, none."""
        update = self._update(name)
        update.delete(f"{name}.", kind)
        for value in values:
            update.add(f"{name}.", ttl, kind, value)
        self._send(update)

    def withdraw(self, name: str, kind: str, value: str) -> None:
        """Of a zone's own NS records only single ones can go (RFC 2136, 3.4.2.3)."""
        update = self._update(name)
        update.delete(f"{name}.", kind, value)
        self._send(update)

    def _update(self, name: str) -> dns.update.UpdateMessage:
        zone = next(it for it in ZONES if f".{name}".endswith(f".{it}"))
        ring = dns.tsigkeyring.from_text({OPERATOR: self.keys[OPERATOR].secret})
        return dns.update.UpdateMessage(zone, keyring=ring, keyalgorithm=ALGORITHM)

    def _send(self, update: dns.update.UpdateMessage) -> None:
        reply = dns.query.tcp(update, self.knot, timeout=5)
        assert reply.rcode() == dns.rcode.NOERROR, dns.rcode.to_text(reply.rcode())

    def seen(self, name: str, kind: str) -> tuple[str, ...]:
        """What Unbound tells a stranger, aliases followed."""
        reply = dns.query.tcp(dns.message.make_query(name, kind), self.resolver, timeout=5)
        assert reply.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), reply
        wanted = dns.rdatatype.from_text(kind)
        sets = (it for it in reply.answer if it.rdtype == wanted)
        return tuple(sorted(record.to_text() for it in sets for record in it))

    @contextmanager
    def authority(
        self,
        *,
        lifetime: int = 90 * DAY,  # seconds, of what it issues
        nonce_reject: int = 0,  # percent of good nonces that it refuses
        authz_reuse: int = 0,  # percent of valid authorizations that serve a new order too
        alternates: int = 0,  # chains beside the first
        ports: tuple[int, int] | None = None,  # those of one that ended and forgot its accounts
    ) -> Iterator[Authority]:
        """A Pebble, gone with the block."""
        ports = ports or (free_port(), free_port())
        made = Authority(self.pebble, ports, self.trust)
        config = self.below / f"pebble-{ports[0]}.json"
        config.write_text(json.dumps({"pebble": _pebble(made, lifetime, self.below)}))
        temper = {
            "PEBBLE_VA_NOSLEEP": "1",
            "PEBBLE_WFE_NONCEREJECT": str(nonce_reject),
            "PEBBLE_AUTHZREUSE": str(authz_reuse),
            "PEBBLE_ALTERNATE_ROOTS": str(alternates),
        }
        argv = ("pebble", "-strict", "-config", str(config), "-dnsserver", f"{self.resolver}:53")
        with program(argv, config.with_suffix(".log"), temper) as started:
            ready = partial(opens, self.pebble, *ports)
            wait(ready, started, config.with_suffix(".log"))
            yield made

    @contextmanager
    def silent(self, *names: str) -> Iterator[None]:
        """Of knot, unbound and acme-dns, these take what comes and do not answer."""
        for name in names:
            self.programs[name].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for name in names:
                self.programs[name].send_signal(signal.SIGCONT)


def remove(below: str) -> None:
    shutil.rmtree(below, ignore_errors=True)


@contextmanager
def running() -> Iterator[Rig]:
    """Knot, Unbound and acme-dns until the block ends; authorities come when asked for."""
    with ExitStack() as ending:
        below = Path(tempfile.mkdtemp(prefix="gg-acme-"))  # a key is in it
        ending.enter_context(afterwards(remove, str(below)))
        net = own_network()
        keys = {it: Key(it.partition(".")[0], _secret()) for it in (OPERATOR, *ZONES)}
        _write(below, net, keys)
        programs = {
            name: ending.enter_context(program(argv, below / f"{name}.log"))
            for name, argv in _programs(below, net).items()
        }
        for name, ready in _readiness(net).items():
            wait(ready, programs[name], below / f"{name}.log")
        yield Rig(
            resolver=f"{net}.53",
            knot=f"{net}.54",
            keys=keys,
            acme_dns=f"https://{net}.55",
            trust=below / "authority/ca.pem",
            pebble=f"{net}.56",
            below=below,
            programs=programs,
        )


def _secret() -> str:
    return b64encode(token_bytes(32)).decode("ascii")


def _write(below: Path, net: str, keys: Mapping[str, Key]) -> None:
    """Everything that the programs read."""
    for name in ("zones", "database"):
        (below / name).mkdir()
    for name, text in files(below, net=net, keys=keys, auth=AUTH).items():
        (below / name).write_text(text)
    authority.make(below / "authority")
    authority.issue(below / "authority", (f"{net}.55", f"{net}.56", AUTH), below / "https")
    # Debian's AppArmor lets /usr/sbin/unbound read nothing here; a copy is another program.
    shutil.copy2(shutil.which("unbound") or "", below / "unbound")


def _programs(below: Path, net: str) -> dict[str, tuple[str, ...]]:
    https = ("--certificate", f"{below}/https/chain.pem", "--key", f"{below}/https/key.pem")
    places = ("--listen", f"{net}.55:53", "--api", f"{net}.55:443")
    records = ("--record", f"{AUTH}. A {net}.55", "--record", f"{AUTH}. NS {AUTH}.")
    stand_in = (sys.executable, "-m", "greygate.lab.acme_dns", "--domain", AUTH)
    return {
        "knot": ("knotd", "-c", f"{below}/knot.conf"),
        "unbound": (f"{below}/unbound", "-c", f"{below}/unbound.conf"),
        "acme-dns": (*stand_in, *places, *https, *records, "--database", f"{below}/acme-dns.db"),
    }


def _readiness(net: str) -> dict[str, Callable[[], bool]]:
    return {
        "knot": lambda: all(answers(f"{net}.54", zone) for zone in ZONES),
        "acme-dns": partial(opens, f"{net}.55", 53, 443),
        "unbound": lambda: all(answers(f"{net}.53", zone) for zone in (*ZONES, AUTH)),
    }


def _pebble(made: Authority, lifetime: int, below: Path) -> dict[str, object]:
    """Its configuration. It brings no certificate for its own HTTPS."""
    return {
        "listenAddress": f"{made.address}:{made.ports[0]}",
        "managementListenAddress": f"{made.address}:{made.ports[1]}",
        "certificate": f"{below}/https/chain.pem",
        "privateKey": f"{below}/https/key.pem",
        "certificateValidityPeriod": lifetime,
        "httpPort": 80,
        "tlsPort": 443,
    }
