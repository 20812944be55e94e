"""What one cheap stranger may cost the ingress: a real HAProxy, strangers from anywhere."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

import h2
import some_sites
from greygate.components.haproxy import ingress as limits
from greygate.plan.policy import endpoints, policy_for
from ingress import NAME, PATIENT, SIGNATURE, Ingress, open_ingress, proxy_header
from lab.waiting import wait_until
from unit.components.haproxy.test_ingress import VERSION, target_of

pytestmark = pytest.mark.programs

SEND = b"/_matrix/federation/v1/send/1"
QUERY = b"/_matrix/federation/v1/user/keys/query"


@pytest.fixture(scope="module")
def ingress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    with open_ingress(tmp_path_factory.mktemp("brakes")) as opened:
        yield opened


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
@pytest.mark.parametrize(
    ("field", "status"),
    [
        (b"Content-Length: 0", 200),
        (b"Content-Length: 1", 400),
        (b"Content-Length: 15900000", 400),
        (b"Transfer-Encoding: chunked", 400),
    ],
)
def test_what_only_reads_brings_no_body(
    ingress: Ingress, method: bytes, field: bytes, status: int
) -> None:
    """The body is never sent: an answer that waited for it would not come."""
    before = len(ingress.asked.heads)
    if method == b"HEAD":  # no endpoint has it
        status = 405
    assert ingress.ask(VERSION, field, method=method).status == status
    assert len(ingress.asked.heads) == before + (status == 200)


@pytest.mark.parametrize(("length", "status"), [(b"15900000", 400), (None, 408)])
def test_what_only_reads_brings_no_body_over_h2(
    ingress: Ingress, length: bytes | None, status: int
) -> None:
    """Where no length says that there is one, it is waited for, and not for long."""
    before = len(ingress.asked.heads)
    fields = {
        b":method": b"GET",
        b":scheme": b"https",
        b":authority": NAME.encode(),
        b":path": VERSION,
    }
    with ingress.connect(alpn="h2") as connection:
        connection.settimeout(30)  # it is answered after ten
        asked = fields | ({b"content-length": length} if length else {})
        assert h2.ask(connection, asked, ends=False)[0] == status
    assert len(ingress.asked.heads) == before


def test_a_body_that_is_dripped_ends_and_synapse_hears_nothing(tmp_path: Path) -> None:
    with open_ingress(tmp_path) as ingress, ingress.connect() as connection:
        connection.sendall(_put(b"Content-Length: 1000") + b"{")
        begun = time.monotonic()
        answer = b""
        while not answer and time.monotonic() - begun < 30:
            connection.settimeout(1)
            with suppress(TimeoutError):
                answer = connection.recv(4096)
            if not answer:
                connection.sendall(b" ")
        assert answer.startswith(b"HTTP/1.1 408")
        assert time.monotonic() - begun < 20
        assert ingress.asked.heads == []


def test_what_is_signed_is_refused_without_and_before_its_body(ingress: Ingress) -> None:
    for endpoint in policy_for(ingress.door.site).open:
        target = target_of(endpoint)
        for signature in (b"", b"Bearer syt_x"):
            before = len(ingress.asked.heads)
            extra = (b"Content-Length: 900",) if endpoint.method in ("PUT", "POST") else ()
            if extra and not endpoint.signed:
                continue
            answer = ingress.ask(
                target, *extra, method=endpoint.method.encode(), signature=signature
            )
            assert answer.status == (401 if endpoint.signed else 200), endpoint
            assert len(ingress.asked.heads) == before + (not endpoint.signed)
            if endpoint.signed:
                assert answer.errcode == "M_UNAUTHORIZED"


def test_signed_endpoints_are_those_of_servers() -> None:
    others = ("/_matrix/federation/", "/_matrix/policy/")
    assert [it for it in endpoints() if it.signed and not it.path.startswith(others)] == []


@pytest.mark.parametrize(
    ("target", "method", "length", "status"),
    [
        (SEND, b"PUT", limits.STRANGER_BODY + 1, 413),
        (SEND, b"PUT", 16_000_000, 413),
        (SEND, b"PUT", 99_999_999, 413),
        (QUERY, b"POST", limits.EVENT_BODY + 1, 413),
        (b"/_matrix/federation/v2/send_join/!r/$e", b"PUT", limits.EVENT_BODY + 1, 413),
    ],
)
def test_no_body_is_longer_than_what_federation_sends(
    ingress: Ingress, target: bytes, method: bytes, length: int, status: int
) -> None:
    before = len(ingress.asked.heads)
    told = b"Content-Length: %d" % length
    assert ingress.ask(target, told, method=method).status == status
    assert len(ingress.asked.heads) == before


def test_a_whole_transaction_comes_through_from_anybody(tmp_path: Path) -> None:
    """50 PDUs of 65,536 octets."""
    with open_ingress(tmp_path) as ingress:
        answer = ingress.send(_put(b"Content-Length: 3276800") + b" " * 3_276_800)
        assert answer.status == 200
        assert ingress.asked.sizes == [3_276_800]


def test_of_large_bodies_a_network_has_few_at_once(tmp_path: Path) -> None:
    """A hundred subnets of one /48 are one network; another is not."""
    with open_ingress(tmp_path, times=PATIENT) as ingress, ExitStack() as held:
        for subnet in range(limits.HUGE_AT_ONCE):
            one = ingress.connect(source=f"2001:db8:30:{subnet:x}::1")
            held.enter_context(one).sendall(_put(b"Content-Length: 3000000") + b"{" * 40_000)
        length = b"Content-Length: 3000000"

        def asked(source: str) -> int:
            with ingress.connect(source=source) as connection:
                connection.sendall(_put(length))
                connection.settimeout(2)
                with suppress(TimeoutError):
                    return int(connection.recv(100).split(b" ")[1])
            return 0  # it waits for the body

        wait_until(lambda: asked("2001:db8:30:ff::1") == 429, within=5, what="two are enough")
        assert asked("2001:db8:31::1") == 0
        assert ingress.ask(VERSION, source="2001:db8:30:ff::1").status == 200


def test_a_network_of_strangers_has_so_many_requests_at_once(tmp_path: Path) -> None:
    with open_ingress(tmp_path, times=PATIENT) as ingress, ExitStack() as held:
        for subnet in range(limits.SOURCE_CONNECTIONS):
            one = ingress.connect(source=f"2001:db8:30:{subnet:x}::1")
            held.enter_context(one).sendall(_put(b"Content-Length: 100"))
        refused = "2001:db8:30:fff::1"
        wait_until(lambda: ingress.ask(VERSION, source=refused).status == 429, within=5, what="")
        assert ingress.ask(VERSION, source="2001:db8:31::1").status == 200


def test_who_is_known_shares_nothing_with_strangers_around(tmp_path: Path) -> None:
    known = "2001:db8:30:aa::1"
    with open_ingress(tmp_path, times=PATIENT) as ingress, ExitStack() as held:
        assert ingress.ask(SEND, b"Content-Length: 0", method=b"PUT", source=known).status == 200
        for subnet in range(limits.SOURCE_CONNECTIONS + 1):
            one = ingress.connect(source=f"2001:db8:30:{subnet:x}::1")
            held.enter_context(one).sendall(_put(b"Content-Length: 100"))
        stranger = "2001:db8:30:fff::1"
        wait_until(lambda: ingress.ask(VERSION, source=stranger).status == 429, within=5, what="")
        assert ingress.ask(VERSION, source=known).status == 200
        large = b"Content-Length: %d" % (limits.STRANGER_BODY + 1)
        with ingress.connect(source=known) as connection:
            connection.sendall(_put(large))
            connection.settimeout(1)
            with pytest.raises(TimeoutError):  # it is waited for
                connection.recv(1)


def test_known_servers_of_one_network_leave_room_for_what_another_sends(tmp_path: Path) -> None:
    """Who is known in it has one place for sure where the others there have one subnet each."""
    network = [f"2001:db8:30:{subnet:x}::1" for subnet in range(limits.HUGE_IN_NETWORK + 1)]
    elsewhere = "2001:db8:31::1"
    length = b"Content-Length: %d" % (limits.HUGE + 1)
    with open_ingress(tmp_path, times=PATIENT) as ingress, ExitStack() as held:
        for source in (*network, elsewhere):
            ingress.ask(SEND, b"Content-Length: 0", method=b"PUT", source=source)

        def asked(source: str) -> int:
            connection = held.enter_context(ingress.connect(source=source))
            connection.sendall(_put(length))
            connection.settimeout(1)
            with suppress(TimeoutError):
                return int(connection.recv(100).split(b" ")[1])
            return 0  # it waits for the body

        assert [asked(it) for it in network] == [*(0 for _ in network[1:]), 429]
        assert [asked(elsewhere) for _ in range(limits.HUGE_AT_ONCE + 1)] == [0, 0, 429]
        assert limits.BACKENDS["federation_huge"] >= limits.HUGE_IN_NETWORK * 2


def test_known_servers_of_one_network_leave_room_for_those_of_another(tmp_path: Path) -> None:
    """Whoever has a network of his own has as many known servers in it as he likes."""
    network = [f"2001:db8:30:{subnet:x}::1" for subnet in range(5)]
    elsewhere = "2001:db8:31::1"
    with open_ingress(tmp_path, times=PATIENT) as ingress, ExitStack() as held:
        for source in (*network, elsewhere):
            ingress.ask(SEND, b"Content-Length: 0", method=b"PUT", source=source)
        for source in network[:4]:
            for _ in range(limits.SOURCE_CONNECTIONS):
                one = held.enter_context(ingress.connect(source=source))
                one.sendall(_put(b"Content-Length: 100"))
        wait_until(lambda: ingress.ask(VERSION, source=network[4]).status == 429, within=5, what="")
        assert ingress.ask(VERSION, source=elsewhere).status == 200
    assert limits.SOURCE_CONNECTIONS < limits.KNOWN_AT_ONCE < limits.BACKENDS["federation"]
    assert limits.SOURCE_REQUESTS < limits.KNOWN_REQUESTS


def test_known_servers_send_what_is_large_at_a_pace(tmp_path: Path) -> None:
    """Those of one network have twice as much in a second as one alone; those elsewhere theirs."""
    known = [f"2001:db8:30:{subnet}::1" for subnet in range(4)]
    elsewhere = "2001:db8:31::1"
    size = limits.HUGE - 1
    with open_ingress(tmp_path) as ingress:
        for source in (*known, elsewhere):
            ingress.ask(SEND, b"Content-Length: 0", method=b"PUT", source=source)

        def seconds(source: str) -> float:
            begun = time.monotonic()
            answer = ingress.send(_put(b"Content-Length: %d" % size) + b" " * size, source=source)
            assert answer.status == 200
            return time.monotonic() - begun

        first = [seconds(known[at % 4]) for at in range(8)]
        assert sum(first) > 1  # 2 MB, of which a network has 0.4 in a second, and 3 s on trust
        assert seconds(elsewhere) < max(first)
        assert sum(ingress.asked.sizes) == size * 9


def test_an_edge_more_brings_connections_of_its_own() -> None:
    _site, plan = some_sites.federating()
    assert limits.connections(plan) == limits.CONNECTIONS
    two = replace(plan, edges=plan.edges * 2)
    assert limits.connections(two) == limits.CONNECTIONS * 2


def test_nobody_is_known_for_what_nobody_signed(tmp_path: Path) -> None:
    with open_ingress(tmp_path) as ingress:
        assert ingress.ask(VERSION).status == 200
        large = b"Content-Length: %d" % (limits.STRANGER_BODY + 1)
        assert ingress.ask(SEND, large, method=b"PUT").status == 413


def test_a_stolen_edge_has_so_many_handshakes(tmp_path: Path) -> None:
    """Each costs a core about a millisecond, which people need, too."""
    many = 4 * limits.HANDSHAKES
    with open_ingress(tmp_path, hurried=False) as ingress, ExitStack() as held:
        begun = time.monotonic()
        ends = []
        for _each in range(many):
            with suppress(ConnectionError):
                ends.append(held.enter_context(ingress.plain()))
        allowed = limits.HANDSHAKES * (time.monotonic() - begun + 1) * 1.1
        assert allowed < many, "this machine is too slow to ask for too much"
        wait_until(lambda: sum(map(_is_open, ends)) <= allowed, within=2, what="the rest is ended")
        # Who was refused is not counted: a second later it is open.
        wait_until(lambda: _answers(ingress), within=5, what="it is open again")


def test_a_handshake_that_never_ends_is_ended(tmp_path: Path) -> None:
    sooner = {
        "timeout client 30s": "timeout client 1s",  # 2.6
        "timeout client-hs 15s": "timeout client-hs 1s",  # 2.9 and newer
    }
    with open_ingress(tmp_path, times=sooner) as ingress:
        plain = ingress.plain()
        with plain:
            plain.sendall(proxy_header() + _client_hello())
            plain.settimeout(5)
            ended = b""
            with suppress(ConnectionResetError):
                while more := plain.recv(1 << 16):
                    ended += more
            assert ended[:1] in (b"\x16", b"")  # its own half of the handshake, and then the end


def _is_open(end: socket.socket) -> bool:
    end.setblocking(False)
    try:
        return end.recv(1) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False


def _answers(ingress: Ingress) -> bool:
    with suppress(OSError):
        return ingress.ask(VERSION).status == 200
    return False


def _put(*fields: bytes) -> bytes:
    head = (b"PUT " + SEND + b" HTTP/1.1", b"Host: " + NAME.encode())
    return b"\r\n".join((*head, b"Authorization: " + SIGNATURE, *fields)) + b"\r\n\r\n"


def _client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    half = context.wrap_bio(incoming, outgoing, server_hostname=NAME)
    with suppress(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()
