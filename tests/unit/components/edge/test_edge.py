"""What an edge is made of, and what its HAProxy lets by."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv6Address
from pathlib import PurePosixPath

import pytest

from golden_files import check_tree
from greygate.components.edge import ALL
from greygate.plan.edge import EdgePlan, edge_plan
from greygate.plan.paths import Paths
from greygate.plan.token import Tenant
from ports import free_port
from sealed_pair import running_edge
from unit.plan.test_token import TOKEN

PATHS = Paths.below(PurePosixPath("/var/lib/greygate"), PurePosixPath("/run/greygate"))
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"  # of a PROXY header, version 2
LOCAL = IPv6Address("::1")


def test_an_edge_is_rendered_as_the_golden_files_have_it(request: pytest.FixtureRequest) -> None:
    plan = edge_plan(TOKEN, PATHS)
    texts = {str(it.path): it.text for each in ALL for it in each.files(TOKEN, plan)}
    check_tree("edge", texts, update=request.config.getoption("--update"))
    assert not any(TOKEN.key.reveal() in text for text in texts.values())


def test_two_homes_have_a_way_each() -> None:
    second = Tenant(("other.example",), IPv6Address("200::2"), 18448)
    shared = replace(TOKEN, tenants=(*TOKEN.tenants, second))
    (text,) = (it.text for it in ALL[2].files(shared, edge_plan(shared, PATHS)))
    assert "use_backend home2 if known { req.ssl_sni -i other.example }" in text
    assert "use_backend strangers2 if { req.ssl_sni -i other.example }" in text
    assert "server home [200::2]:18448 send-proxy-v2" in text


@dataclass(slots=True)
class Home:
    """Stands where home does, and keeps the first octets of each connection."""

    port: int
    heads: list[bytes] = field(default_factory=list)


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    with socket.create_server((str(LOCAL), 0), family=socket.AF_INET6) as listening:
        made = Home(listening.getsockname()[1])
        threading.Thread(target=_take, args=(listening, made), daemon=True).start()
        yield made


@pytest.fixture(scope="module")
def edge(home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgePlan]:
    below = tmp_path_factory.mktemp("edge")
    token = replace(TOKEN, tenants=(Tenant(("twinkle.example",), LOCAL, home.port),))
    paths = Paths.below(PurePosixPath(below / "state"), PurePosixPath(below / "run"))
    plan = edge_plan(token, paths, ports=(free_port(),))
    with running_edge(token, plan):
        yield plan


@pytest.mark.programs
def test_what_names_us_goes_home_unopened(edge: EdgePlan, home: Home) -> None:
    before = len(home.heads)
    _greet(edge, "Twinkle.example")
    _wait(lambda: len(home.heads) > before)
    head = home.heads[-1]
    assert head.startswith(SIGNATURE)
    assert b"\x16\x03\x01" in head  # the ClientHello, behind the header
    assert b"twinkle.example" in head.lower()


@pytest.mark.programs
@pytest.mark.parametrize("sni", ["other.example", "m.twinkle.example", None])
def test_what_names_somebody_else_ends(edge: EdgePlan, home: Home, sni: str | None) -> None:
    before = len(home.heads)
    assert _greet(edge, sni) == "ended"
    assert len(home.heads) == before


@pytest.mark.programs
@pytest.mark.parametrize("said", [b"GET / HTTP/1.1\r\nHost: twinkle.example\r\n\r\n", b"\x00" * 64])
def test_what_is_no_tls_ends(edge: EdgePlan, home: Home, said: bytes) -> None:
    before = len(home.heads)
    with socket.create_connection(("127.0.0.1", edge.ports[0]), timeout=10) as plain:
        plain.sendall(said)
        with contextlib.suppress(ConnectionResetError):
            assert plain.recv(1) == b""
    assert len(home.heads) == before


@pytest.mark.programs
def test_silence_is_not_waited_for(edge: EdgePlan) -> None:
    with (
        socket.create_connection(("127.0.0.1", edge.ports[0]), timeout=12) as plain,
        contextlib.suppress(ConnectionResetError),
    ):
        assert plain.recv(1) == b""


def _greet(edge: EdgePlan, sni: str | None) -> str:
    """Begin TLS with that name; "ended" where nobody answers it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        plain = socket.create_connection(("127.0.0.1", edge.ports[0]), timeout=2)
        context.wrap_socket(plain, server_hostname=sni)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError):
        return "ended"
    except TimeoutError:
        return "taken"
    return "answered"


def _take(listening: socket.socket, home: Home) -> None:
    with contextlib.suppress(OSError):
        while True:
            connection, _address = listening.accept()
            connection.settimeout(2)
            with contextlib.suppress(OSError):
                head = connection.recv(4096)
                while head.startswith(SIGNATURE) and len(head) < 200:
                    head += connection.recv(4096)
                home.heads.append(head)


def _wait(holds: object) -> None:
    assert callable(holds)
    ends_at = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
