"""What the ingress lets by: every row of the table and thousands of made-up requests, asked of a
real HAProxy and of the policy that its rules were made from."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import h2
from greygate.components.haproxy.ingress import SOURCE_CONNECTIONS
from greygate.plan.policy import Endpoint, Opens, Outcome, endpoints, policy_for
from ingress import FAR, NAME, SIGNATURE, Ingress, open_ingress
from lab.waiting import wait_until
from unit.components.haproxy.test_door import ODD

pytestmark = pytest.mark.programs

VALUES = {
    "roomId": b"!pZ4k9nQ_no-domain",  # room version 12
    "eventId": b"%24ab%2Fcd%21%23",
    "userId": b"%40anna%3Atwinkle.example",
    "serverName": NAME.encode(),
    "keyId": b"ed25519%3Aa_x",
}
VERSION = b"/_matrix/federation/v1/version"
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
STATUS = {Outcome.ANSWERED: 200, Outcome.STATED: 200, Outcome.UNKNOWN: 404}


@pytest.fixture(scope="module")
def ingress(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ingress]:
    with open_ingress(tmp_path_factory.mktemp("in")) as opened:
        yield opened


def target_of(endpoint: Endpoint) -> bytes:
    path = re.sub(r"\{(\w+)\}", lambda it: VALUES.get(it[1], b"v1").decode(), endpoint.path).split(
        ","
    )[0]
    return path.replace("*", "x").partition(" ")[0].partition("[")[0].encode() or b"/"


@pytest.mark.parametrize("method", METHODS)
def test_every_endpoint_with_every_method_ends_as_the_table_says(
    ingress: Ingress, method: str
) -> None:
    policy = policy_for(ingress.door.site)
    for endpoint in endpoints():
        target = target_of(endpoint)
        before = len(ingress.asked.heads)
        got = ingress.ask(target, method=method.encode()).status
        decision = policy.decide(method, target.decode())
        through = len(ingress.asked.heads) - before
        assert through == (decision.outcome is Outcome.ANSWERED), (method, target, got)
        if through:
            assert ingress.asked.target == target
            assert endpoint.opens is not Opens.CLOSED or endpoint.path == "OPTIONS"
        else:
            assert got in (400, 404, 405), (method, target, got)


def test_what_federation_must_have_is_open(ingress: Ingress) -> None:
    for endpoint in endpoints():
        if endpoint.opens is Opens.ALWAYS:
            answer = ingress.ask(target_of(endpoint), method=endpoint.method.encode())
            assert answer.status == 200, endpoint


@pytest.mark.parametrize("target", ODD)
def test_odd_targets_are_refused(ingress: Ingress, target: bytes) -> None:
    for spelled in (target, target.replace(b"/client/", b"/federation/")):
        before = len(ingress.asked.heads)
        assert ingress.ask(spelled).status in (400, 404)
        assert len(ingress.asked.heads) == before


PIECES = st.sampled_from(
    [
        *("/", "//", "/./", "/../", ";", "%2e%2e", "%2F", "%5c", "\\", "#", "?", "%00", "a", "é"),
        *("_matrix", "federation", "client", "key", "v1", "v2", "v3", "send", "version", "media"),
        *("server", "pushrules", "%21r", "!r:x", "$e", "%24e", "unstable", "_synapse", "admin"),
        *("/_matrix/federation/v1/", "/_matrix/key/v2/server", "/_matrix/client/v3/", "download"),
    ]
)
TARGETS = st.lists(PIECES, min_size=1, max_size=8).map("".join)


@settings(
    max_examples=400,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(TARGETS, st.sampled_from(METHODS))
def test_haproxy_decides_as_the_policy_does(ingress: Ingress, target: str, method: str) -> None:
    before = len(ingress.asked.heads)
    answer = ingress.ask(target.encode(), method=method.encode())
    decision = policy_for(ingress.door.site).decide(method, target)
    through = len(ingress.asked.heads) > before
    assert through == (decision.outcome is Outcome.ANSWERED), (answer.status, decision)
    if through:
        assert ingress.asked.target == target.encode()
    elif decision.outcome is Outcome.WRONG_METHOD:
        assert answer.status in (400, 405)


@pytest.mark.parametrize("host", [b"m.twinkle.example", b"[::1]", b"other.example", b""])
def test_another_host_is_not_served(ingress: Ingress, host: bytes) -> None:
    assert ingress.ask(b"/_matrix/federation/v1/version", host=host).status in (400, 421)


@pytest.mark.parametrize(
    "host", [b"twinkle.example", b"TWINKLE.example:8448", b"edge.other.example"]
)
def test_the_server_name_and_the_edges_are_served(ingress: Ingress, host: bytes) -> None:
    assert ingress.ask(b"/_matrix/federation/v1/version", host=host).status == 200


def test_a_second_host_is_refused(ingress: Ingress) -> None:
    answer = ingress.ask(b"/_matrix/federation/v1/version", b"Host: other.example")
    assert answer.status in (400, 421)


@pytest.mark.parametrize("sni", ["m.twinkle.example", "other.example"])
def test_the_client_name_is_no_way_in(ingress: Ingress, sni: str) -> None:
    """Its certificate is the same one: a certificate is no permission."""
    request = b"GET /_matrix/federation/v1/version HTTP/1.1\r\nHost: twinkle.example\r\n"
    try:
        status = ingress.send(request + b"Connection: close\r\n\r\n", sni=sni).status
    except (ssl.SSLError, ConnectionResetError):
        return
    assert status == 421


def test_synapse_hears_of_the_remote_server_alone(ingress: Ingress) -> None:
    ingress.ask(b"/_matrix/federation/v1/version", b"X-Forwarded-For: 200::1", b"Forwarded: for=x")
    assert ingress.asked.header("X-Forwarded-For") == [FAR.encode()]
    assert ingress.asked.header("Forwarded") == []


def test_over_h2_the_same_is_asked(ingress: Ingress) -> None:
    before = len(ingress.asked.heads)
    for target, status in (
        (b"/_matrix/client/versions", 404),
        (b"/_matrix/federation/../client/versions", 404),
        (VERSION, 200),
    ):
        assert _over_h2(ingress, {b":path": target}) == status
    assert len(ingress.asked.heads) == before + 1


def test_requests_without_their_bodies_are_bounded_and_synapse_hears_of_none(
    ingress: Ingress,
) -> None:
    fields = {
        b":method": b"POST",
        b":scheme": b"https",
        b":authority": NAME.encode(),
        b":path": b"/_matrix/federation/v1/user/keys/query",
        b"authorization": SIGNATURE,
        b"content-length": b"50",
    }
    before = len(ingress.asked.heads)
    with ExitStack() as held:
        for _each in range(2):
            connection = held.enter_context(ingress.connect(alpn="h2"))
            h2.hold(connection, fields, streams=SOURCE_CONNECTIONS * 3 // 5)
        wait_until(lambda: ingress.ask(VERSION).status == 429, within=10, what="it is too much")
        assert len(ingress.asked.heads) == before
    wait_until(lambda: ingress.ask(VERSION).status == 200, within=10, what="it is no more")


@pytest.mark.parametrize(
    ("size", "status"), [(100, 200), (15_900, 200), (17_000, 411), (40_000, 411)]
)
def test_a_body_of_untold_length_is_short(ingress: Ingress, size: int, status: int) -> None:
    target = b"/_matrix/federation/v1/send/untold-%d" % size
    head = b"PUT " + target + b" HTTP/1.1\r\nHost: " + NAME.encode()
    head += b"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\nAuthorization: "
    head += SIGNATURE + b"\r\n\r\n"
    answer = ingress.send(head + b"%x\r\n%s\r\n0\r\n\r\n" % (size, b"x" * size))
    assert answer.status == status
    # By its own target: on a busy machine what another test asked comes late.
    assert any(target in it for it in ingress.asked.heads) == (status == 200)


def test_over_h2_a_length_may_be_left_untold(ingress: Ingress) -> None:
    path = b"/_matrix/federation/v1/user/keys/query"
    fields = {b":method": b"POST", b":path": path, b"authorization": SIGNATURE}
    assert _over_h2(ingress, fields) == 200


@pytest.mark.parametrize(
    "fields",
    [
        # HAProxy 2.6 would hand these on as "GET ftp://twinkle.example/_matrix/..."
        *({b":scheme": it} for it in (b"ftp", b"http", b"x", b"matrix-federation")),
        # and this one as GET with "connection: upgrade"
        {b":method": b"CONNECT", b":protocol": b"websocket"},
    ],
    ids=lambda it: b" ".join(it.values()).decode(),
)
def test_what_h2_alone_can_say_is_refused(ingress: Ingress, fields: dict[bytes, bytes]) -> None:
    before = len(ingress.asked.heads)
    assert _over_h2(ingress, fields) == 404
    assert len(ingress.asked.heads) == before


@pytest.mark.parametrize("scheme", [b"https", b"HTTPS"])
def test_its_own_scheme_leaves_the_target_as_it_was(ingress: Ingress, scheme: bytes) -> None:
    assert _over_h2(ingress, {b":scheme": scheme}) == 200
    assert ingress.asked.target == VERSION


def test_h2_that_was_not_agreed_upon_is_refused(ingress: Ingress) -> None:
    """HAProxy changes to h2 wherever its preface comes; then ALPN says what is not so."""
    before = len(ingress.asked.heads)
    assert _over_h2(ingress, {}, alpn="http/1.1") != 200
    assert len(ingress.asked.heads) == before


def _over_h2(ingress: Ingress, fields: dict[bytes, bytes], *, alpn: str = "h2") -> int | None:
    """The status that came of a plain request with these fields in it."""
    plain = {b":method": b"GET", b":scheme": b"https", b":path": VERSION}
    with ingress.connect(alpn=alpn) as connection:
        assert connection.selected_alpn_protocol() == alpn
        return h2.ask(connection, plain | {b":authority": NAME.encode()} | fields)[0]


def test_without_a_proxy_header_there_is_no_tls(ingress: Ingress) -> None:
    context = ssl.create_default_context(cafile=str(ingress.door.plan.paths.ca))
    plain = ingress.plain()
    with pytest.raises((ssl.SSLError, ConnectionResetError)), plain:
        context.wrap_socket(plain, server_hostname=NAME)
