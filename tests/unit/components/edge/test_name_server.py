"""Knot on an edge: home writes challenges, strangers read them, and all else is refused."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.xfr
import dns.zone
import pytest

from acme_rig.programs import program, wait
from greygate.certs.dns01.own_dns import OwnDns
from greygate.components.component import Service
from greygate.components.edge.name_server import NAME_SERVER, key_text
from greygate.errors import Trouble
from greygate.plan.changes import Change
from greygate.plan.edge import demand_sane, edge_plan
from greygate.plan.paths import Paths
from greygate.plan.records import RecordSet
from greygate.plan.token import NameServer, Token, read, written
from greygate.secret import Secret
from greygate.site.model import Zone
from greygate.spec.tsig import TsigKey
from greygate.zones.rfc2136 import Updates
from ports import free_port
from unit.plan.test_token import TOKEN

ZONE = "acme.edge.other.example"
KEY = TsigKey("greygate", "hmac-sha256", Secret(b64encode(b"k" * 32).decode()))
LOCAL = IPv6Address("::1")
TEXT = "x" * 43
NAME = "_acme-challenge.twinkle.example"


def serving() -> Token:
    """An edge that is a name server, whose home is this machine."""
    tenants = tuple(replace(it, home=LOCAL) for it in TOKEN.tenants)
    return replace(TOKEN, tenants=tenants, name_server=NameServer(ZONE, KEY))


@dataclass(frozen=True, slots=True)
class Running:
    """A Knot as an edge has it, on a port of its own."""

    port: int

    def asked(self, name: str, kind: str, *, host: str = "127.0.0.1") -> dns.message.Message:
        question = dns.message.make_query(name, kind)
        return dns.query.udp(question, host, port=self.port, timeout=5)

    def updates(self, *, key: TsigKey = KEY, host: str = "[::1]", zone: str = ZONE) -> Updates:
        return Updates(zone, f"{host}:{self.port}", key)


@pytest.fixture(scope="module")
def knot() -> Iterator[Running]:
    token = serving()
    with tempfile.TemporaryDirectory(prefix="gg-knot-") as name:
        below = PurePosixPath(name)
        plan = replace(
            edge_plan(token, Paths.below(below / "state", below / "run")), names_port=free_port()
        )
        (service,) = NAME_SERVER.units(token, plan)
        assert isinstance(service, Service) and service.runtime is not None
        assert token.name_server is not None
        texts = {plan.paths.rendered / it.path: it.text for it in NAME_SERVER.files(token, plan)}
        texts[plan.paths.served_key] = key_text(token.name_server)
        for path, text in texts.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text)
        Path(service.runtime).mkdir(parents=True)
        proved = subprocess.run(service.proof, capture_output=True, text=True, check=False)
        assert proved.returncode == 0, proved.stderr
        log = Path(name) / "knot.log"
        with program(service.argv, log) as started:
            made = Running(plan.names_port)
            wait(lambda: _answers(made), started, log)
            yield made


def _answers(knot: Running) -> bool:
    try:
        return knot.asked(ZONE, "SOA").rcode() == dns.rcode.NOERROR
    except (dns.exception.DNSException, OSError):
        return False


def texts(knot: Running, name: str) -> list[str]:
    return sorted(it.to_text() for each in knot.asked(name, "TXT").answer for it in each)


@pytest.mark.acme
def test_home_writes_what_strangers_read(knot: Running) -> None:
    solver = OwnDns(ZONE, knot.updates())
    place = solver.alias(NAME)
    assert place == f"twinkle.example.{ZONE}"
    solver.publish(place, TEXT)
    solver.publish(place, "y" * 43)
    assert texts(knot, place) == [f'"{TEXT}"', f'"{"y" * 43}"']
    answer = knot.asked(place, "TXT")
    assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.RA
    solver.withdraw(place, TEXT)
    solver.withdraw(place, "y" * 43)
    assert texts(knot, place) == []


@pytest.mark.acme
@pytest.mark.parametrize("name", ["example.org", "edge.other.example", "."])
def test_it_answers_for_nothing_else(knot: Running, name: str) -> None:
    assert knot.asked(name, "A").rcode() == dns.rcode.REFUSED


@pytest.mark.acme
def test_it_does_not_say_what_it_is(knot: Running) -> None:
    for name in ("version.bind", "id.server", "hostname.bind"):
        question = dns.message.make_query(name, "TXT", "CH")
        answer = dns.query.udp(question, "127.0.0.1", port=knot.port, timeout=5)
        assert (answer.rcode(), answer.answer) == (dns.rcode.REFUSED, [])


@pytest.mark.acme
def test_nobody_is_given_the_zone(knot: Running) -> None:
    for key in (None, dns.tsig.Key(f"{KEY.name}.", KEY.secret.reveal(), f"{KEY.algorithm}.")):
        found = dns.zone.Zone(ZONE)
        question, _serial = dns.xfr.make_query(found, keyring=key)
        with pytest.raises(dns.exception.DNSException):
            dns.query.inbound_xfr("::1", found, question, port=knot.port, lifetime=5)


@pytest.mark.acme
def test_the_key_alone_is_not_enough_nor_the_address_alone(knot: Running) -> None:
    stranger = replace(KEY, secret=Secret(b64encode(b"s" * 32).decode()))
    for updates in (knot.updates(host="127.0.0.1"), knot.updates(key=stranger)):
        with pytest.raises(Trouble):
            updates.add_text(f"a.{ZONE}", TEXT)
    assert texts(knot, f"a.{ZONE}") == []


@pytest.mark.acme
@pytest.mark.parametrize("kind", ["A", "CNAME", "NS"])
def test_home_itself_writes_texts_only(knot: Running, kind: str) -> None:
    value = "192.0.2.1" if kind == "A" else "elsewhere.example"
    records = RecordSet(zone=Zone(ZONE), name=f"a.{ZONE}", type=kind, values=(value,), why="")
    with pytest.raises(Trouble):
        knot.updates().write([Change(records, ())])
    assert knot.asked(f"a.{ZONE}", kind).answer == []


@pytest.mark.acme
def test_a_flood_is_not_passed_on(knot: Running) -> None:
    """Of many questions that one network seems to ask most are not answered in full."""
    question = dns.message.make_query(ZONE, "SOA").to_wire()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as channel:
        channel.connect(("::1", knot.port))
        channel.settimeout(0.5)
        for _each in range(400):
            channel.send(question)
        whole = 0
        while True:
            try:
                answer = dns.message.from_wire(channel.recv(4096))
            except TimeoutError:
                break
            whole += bool(answer.answer)
    assert 1 <= whole <= 200


def test_a_token_tells_it_and_an_old_one_does_not() -> None:
    token = serving()
    assert read(written(token)) == token
    assert "name_server" not in written(TOKEN)
    assert read(written(TOKEN)).name_server is None
    assert KEY.secret.reveal() not in repr(token)
    assert token.digest != replace(token, name_server=None).digest


def test_a_zone_that_is_no_name_is_refused() -> None:
    odd = replace(TOKEN, name_server=NameServer("a b", KEY))
    with pytest.raises(Trouble):
        demand_sane(odd)
