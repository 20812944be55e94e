"""What the rendered HAProxy lets by and what it refuses, asked of a real one."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import h2
from behind_the_door import BODY, SLOW, SLOW_SECONDS, Asked, stand_in
from door import Door, open_door, parsed
from greygate.components.haproxy.config import STRANGER_REQUESTS
from lab.waiting import wait_until

pytestmark = pytest.mark.programs

EVENT = b"/_matrix/client/v3/rooms/%21a%3Atwinkle.example/event/%24ab%2Fcd%23%40%e2%82%ac"
TRAVERSAL = (
    b"/_matrix/client/v3/pushrules/global/override/.m.rule.master/enabled/"
    b"../../../../../../../../_synapse/admin/v1/server_version"
)
LEADS_ELSEWHERE = (
    b"//_matrix/client/versions",
    b"/_matrix//client/versions",
    b"/_matrix/client/../../_synapse/admin/v1/users",
    b"/_matrix/client/..%2f..%2f_synapse/admin/v1/users",
    b"/_matrix/client/x%2F..%2F..%2F_synapse/admin/v1/users",
    b"https://m.twinkle.example/_matrix/client/versions",
    b"*",
    TRAVERSAL,
    TRAVERSAL.replace(b"..", b"%2e%2e"),
)
IN_IDS = (
    b"/_matrix/client/./versions",
    b"/_matrix/client/..",
    b"/_matrix/client/.",
    b"/_matrix/client/..;/versions",
    b"/_matrix/client/%2e%2e/versions",
    b"/_matrix/client/%2E%2E/versions",
    b"/_matrix/client/..%2f..%5cversions",
    b"/_matrix/client/a\\b",
    b"/_matrix/client/%5Cb",
    b"/_matrix/client/%00",
    b"/_matrix/client/%0d%0aX:%20y",
    b"/_matrix/client/%7F",
    b"/_matrix/client/v3/rooms/%21a%3Atwinkle%2Eexample/state/m%2Eroom%2Emember/%40a",
    b"/_matrix/client/v3/user/%40a%3Ax/account_data/a//b",
    b"/_matrix/client/v3/sync?filter=a\\b%0A..//",
)
ODD = (*LEADS_ELSEWHERE, *IN_IDS[:-3])
CLOSED = (
    b"/health",
    b"/_synapse/admin/v1/server_version",
    b"/_synapse/admin",
    b"/%5Fsynapse/admin/v1/server_version",
    b"/_synapse/metrics",
    b"/_synapse/replication/x",
    b"/_synapse/mas/x",
    b"/metrics",
    b"/_matrix/static/",
    b"/_matrix/%73tatic/",
    b"/_matrix/consent",
    b"/_matrix/client",
    b"/_Matrix/Client/versions",
    b"/_matrix/federation/v1/version",
    b"/_matrix/key/v2/server",
    b"/.well-known/matrix/server",
    b"/.well-known/matrix/",
    b"/.well-known/acme-challenge/x",
    b"/join/",
    b"/joinx",
)
OPEN = (
    b"/_matrix/client/versions",
    b"/_matrix/client/v3/sync?since=s1//..&filter=%7B%22a%22%3A1%7D&x=a/../b",
    b"/_matrix/client/v1/media/download/twinkle.example/abc",
    b"/_matrix/media/v3/upload?filename=..%2F..%2Fa.png",
    b"/_synapse/client/pick_idp",
    b"/_matrix/client/v3/pushrules/global/override/.m.rule.master/enabled",
    b"/_matrix/client/v3/join/%23a.b%3Atwinkle.example",
    EVENT,
)
OURS = (b"twinkle.example", b"m.twinkle.example:8443", b"M.Twinkle.Example", b"localhost")


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with open_door(tmp_path_factory.mktemp("d")) as it:
        yield it


@pytest.fixture
def asked(door: Door) -> Iterator[Asked]:
    with stand_in(door.socket) as it:
        yield it


@pytest.mark.parametrize("target", OPEN + IN_IDS)
def test_what_people_need_passes_to_the_octet(door: Door, asked: Asked, target: bytes) -> None:
    answer = door.ask(target)
    assert (answer.status, answer.body) == (200, BODY)
    assert asked.target == target


@pytest.mark.parametrize("target", LEADS_ELSEWHERE)
def test_a_target_that_leads_elsewhere_never_reaches_synapse(
    door: Door, asked: Asked, target: bytes
) -> None:
    assert door.ask(target).status in (400, 404)
    assert asked.heads == []


def test_a_whole_address_is_odd_whatever_version_is_claimed(door: Door, asked: Asked) -> None:
    target = b"https://m.twinkle.example/_matrix/client/versions"
    answer = door.send(b"GET " + target + b" HTTP/2.0\r\nHost: m.twinkle.example\r\n\r\n")
    assert answer.status == 404
    assert asked.heads == []


@pytest.mark.parametrize("octet", [b"#", b"\x01", b"\x7f", b"\xff", b"\t"])
def test_an_octet_that_no_target_may_hold_is_a_bad_request(
    door: Door, asked: Asked, octet: bytes
) -> None:
    assert door.ask(b"/_matrix/client/a" + octet + b"b").status in (400, 404)
    assert asked.heads == []


@pytest.mark.parametrize("target", CLOSED)
def test_everything_else_is_refused_as_synapse_refuses(
    door: Door, asked: Asked, target: bytes
) -> None:
    answer = door.ask(target)
    assert answer.status == 404
    assert json.loads(answer.body) == {
        "errcode": "M_UNRECOGNIZED",
        "error": "Unrecognized request",
    }
    assert answer.headers["access-control-allow-origin"] == "*"
    assert asked.heads == []


@pytest.mark.parametrize("host", [*OURS, b"127.0.0.1:8443", b"[::1]:8448", b"[::1]"])
def test_our_names_and_addresses_are_ours(door: Door, asked: Asked, host: bytes) -> None:
    assert door.ask(b"/_matrix/client/versions", host=host).status == 200


@pytest.mark.parametrize("host", [b"other.example", b"x.twinkle.example", b"", b"[::2]", b"::1"])
def test_another_host_is_misdirected(door: Door, asked: Asked, host: bytes) -> None:
    answer = door.ask(b"/_matrix/client/versions", host=host)
    assert (answer.status, answer.errcode) == (421, "M_UNRECOGNIZED")
    assert asked.heads == []


def test_a_request_without_host_is_misdirected(door: Door, asked: Asked) -> None:
    assert door.send(b"GET /_matrix/client/versions HTTP/1.0\r\n\r\n").status == 421


@pytest.mark.parametrize("method", [b"TRACE", b"PATCH", b"FOO"])
def test_an_odd_method_is_not_allowed(door: Door, asked: Asked, method: bytes) -> None:
    answer = door.ask(b"/_matrix/client/versions", method=method)
    assert (answer.status, answer.errcode) == (405, "M_UNRECOGNIZED")
    assert asked.heads == []


def test_connect_opens_nothing(door: Door, asked: Asked) -> None:
    answer = door.ask(b"127.0.0.1:22", method=b"CONNECT", host=b"127.0.0.1:22")
    assert answer.status in (400, 404, 405)
    assert asked.heads == []


def test_synapse_learns_who_asks_from_us_alone(door: Door, asked: Asked) -> None:
    door.ask(
        b"/_matrix/client/versions",
        b"X-Forwarded-For: 200::1",
        b"x-forwarded-for: 200::2, 10.0.0.1",
        b"X-Forwarded-Proto: http",
        b"X-Forwarded-Host: evil.example",
        b"X-Real-IP: 200::3",
        b"Forwarded: for=200::4",
        b"Upgrade: websocket",
    )
    assert asked.header("X-Forwarded-For") == [b"127.0.0.1"]
    assert asked.header("X-Forwarded-Proto") == [b"https"]
    for name in ("X-Forwarded-Host", "X-Real-IP", "Forwarded", "Upgrade"):
        assert asked.header(name) == []


def test_it_answers_over_ipv6_and_says_so(door: Door, asked: Asked) -> None:
    request = b"GET /_matrix/client/versions HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n"
    assert door.send(request, host="::1").status == 200
    assert asked.header("X-Forwarded-For") == [b"::1"]


def test_two_requests_on_one_connection_are_judged_each(door: Door, asked: Asked) -> None:
    host = b" HTTP/1.1\r\nHost: localhost\r\n"
    with door.connect() as connection:
        connection.sendall(b"GET /_matrix/client/versions" + host + b"\r\n")
        connection.sendall(b"GET /_synapse/admin/x" + host + b"Connection: close\r\n\r\n")
        octets = b""
        while more := connection.recv(1 << 16):
            octets += more
    assert octets.count(b"HTTP/1.1 200") == 1
    assert octets.count(b"HTTP/1.1 404") == 1
    assert len(asked.heads) == 1


def test_an_upload_of_the_greatest_size_passes(door: Door, asked: Asked) -> None:
    size = 100 * 1024 * 1024
    head = b"POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    head += b"Authorization: Bearer a\r\n"
    with door.connect() as connection:
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % size)
        for _ in range(100):
            connection.sendall(bytes(1024 * 1024))
        assert b" 200 " in connection.recv(100)
    assert asked.sizes == [0, size]  # first it is asked whose the token is
    assert asked.heads[0].startswith(b"GET /_matrix/client/v3/account/whoami")


@pytest.mark.parametrize("size", [100 * 1024 * 1024 + 1, 2**32 + 1, 2**33, 2**63 - 1])
def test_a_larger_one_is_refused_before_it_is_sent(door: Door, asked: Asked, size: int) -> None:
    length = b"Content-Length: %d" % size
    answer = door.ask(b"/_matrix/media/v3/upload", length, method=b"POST")
    assert (answer.status, answer.errcode) == (413, "M_TOO_LARGE")
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("length", [b"Transfer-Encoding: chunked", b"Connection: close"])
def test_an_upload_of_untold_length_is_refused_before_it_is_sent(
    door: Door, asked: Asked, length: bytes
) -> None:
    upload = b"/_matrix/media/v3/upload"
    for method, path in ((b"POST", upload), (b"PUT", upload + b"/twinkle.example/abc")):
        answer = door.ask(path, length, method=method)
        assert (answer.status, answer.errcode) == (411, "M_UNKNOWN")
        assert answer.headers["access-control-allow-origin"] == "*"
    assert door.ask(b"/_matrix/media/v3/create", length, method=b"POST").status != 411


@pytest.mark.parametrize("target", [b"/_matrix/client/v3/sync", b"/.well-known/matrix/client"])
def test_a_browser_asks_before_it_asks_and_may(door: Door, target: bytes) -> None:
    answer = door.ask(target, b"Origin: https://app.example", method=b"OPTIONS")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_without_synapse_apps_are_told_to_come_back(door: Door) -> None:
    answer = door.ask(b"/_matrix/client/versions")
    assert (answer.status, answer.errcode) == (503, "M_UNKNOWN")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert int(answer.headers["retry-after"]) < 30


def test_well_known_says_the_name_to_those_who_came_by_name(door: Door) -> None:
    answer = door.ask(b"/.well-known/matrix/client", host=b"twinkle.example")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert json.loads(answer.body) == {"m.homeserver": {"base_url": door.plan.base_url}}


def test_well_known_says_the_address_to_those_who_came_by_address(door: Door) -> None:
    answer = door.ask(b"/.well-known/matrix/client", host=b"[::1]")
    assert json.loads(answer.body) == {"m.homeserver": {"base_url": door.plan.address_url}}


def test_well_known_says_whom_to_turn_to(door: Door) -> None:
    contacts = json.loads(door.ask(b"/.well-known/matrix/support").body)["contacts"]
    assert contacts[0]["matrix_id"] == "@alice:twinkle.example"


@pytest.mark.parametrize(
    ("wants", "gets"),
    [(b"en-US,en;q=0.9,ru;q=0.8", "en"), (b"ru-RU,ru;q=0.9,en;q=0.8", "ru"), (b"de", "en")],
)
def test_the_join_page_speaks_the_browsers_language(door: Door, wants: bytes, gets: str) -> None:
    answer = door.ask(b"/join?utm=1", b"Accept-Language: " + wants)
    assert answer.status == 200
    assert f'<html lang="{gets}">' in answer.body.decode()
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_whoever_opens_the_bare_address_is_led_to_the_join_page(door: Door) -> None:
    answer = door.ask(b"/?utm=1")
    assert (answer.status, answer.headers["location"]) == (302, "/join")
    assert door.ask(b"/", method=b"POST").status == 404


def test_the_certificate_authority_can_be_had(door: Door) -> None:
    answer = door.ask(b"/join/ca.crt")
    assert answer.headers["content-type"] == "application/x-x509-ca-cert"
    assert answer.body == Path(door.plan.paths.ca).read_bytes()


def test_h2_reaches_synapse_as_http_1_in_origin_form(door: Door, asked: Asked) -> None:
    status, body = _h2(door, EVENT)
    assert (status, body) == (200, BODY)
    assert asked.heads[-1].startswith(b"GET " + EVENT + b" HTTP/1.1\r\n")
    assert asked.header("Host") == [b"m.twinkle.example"]


@pytest.mark.parametrize(
    "path",
    [
        b"/_synapse/admin/v1/x",
        b"//_matrix/client/versions",
        b"/_matrix/client/%2e%2e/%2e%2e/_synapse/admin",
        b"*",
        b"https://m.twinkle.example/_matrix/client/x",
        b"_matrix/client/x",
    ],
)
def test_h2_is_judged_by_the_same_rules(door: Door, asked: Asked, path: bytes) -> None:
    status, _ = _h2(door, path)
    assert status in (None, 400, 404) or path == b"*"  # to 3.0 it is /, which is answered here
    assert asked.heads == []


def test_a_long_poll_outlives_the_time_an_app_may_be_silent(tmp_path: Path) -> None:
    shorter = {"timeout client 75s": "timeout client 500ms"}
    with open_door(tmp_path, instead=shorter) as door, stand_in(door.socket):
        start = time.monotonic()
        assert door.ask(SLOW + b"?timeout=30000").status == 200
        assert time.monotonic() - start >= SLOW_SECONDS


def test_half_a_request_does_not_hold_a_connection(tmp_path: Path) -> None:
    shorter = {"timeout http-request 15s": "timeout http-request 500ms"}
    with open_door(tmp_path, instead=shorter) as door, door.connect() as connection:
        connection.sendall(b"GET /_matrix/client/versions HTTP/1.1\r\nHost: localhost\r\nX: ")
        assert connection.recv(100).startswith(b"HTTP/1.1 408")


def test_one_source_may_ask_so_much_and_is_then_told_to_wait(tmp_path: Path) -> None:
    head = b"GET /x HTTP/1.1\r\nHost: localhost\r\n"
    octets = b""
    with open_door(tmp_path) as door, door.connect() as connection:
        connection.sendall(
            (head + b"\r\n") * STRANGER_REQUESTS + head + b"Connection: close\r\n\r\n"
        )
        while more := connection.recv(1 << 16):
            octets += more
    assert octets.count(b"HTTP/1.1 404") == STRANGER_REQUESTS
    last = parsed(octets[octets.rindex(b"HTTP/1.1") :])
    assert (last.status, last.errcode) == (429, "M_LIMIT_EXCEEDED")
    assert int(last.headers["retry-after"]) * 1000 == json.loads(last.body)["retry_after_ms"]


def test_neither_query_nor_headers_are_logged(door: Door, asked: Asked) -> None:
    secret = b"syt_never_log_me"
    door.ask(b"/_matrix/client/v3/sync?access_token=" + secret, b"Authorization: Bearer " + secret)
    door.ask(b"/_synapse/admin?access_token=" + secret)
    door.ask(b"/_matrix/client/a#?access_token=" + secret)
    door.ask(b"/_matrix/client/a\x01?access_token=" + secret)
    _h2(door, b"/_matrix/client/v3/sync?access_token=" + secret)
    line = b'127.0.0.1 "GET /_matrix/client/v3/sync HTTP/%s" 200'
    assert line % b"1.1" in door.log.read_bytes()
    # A line comes once its stream has ended, which may be after the answer.
    wait_until(lambda: line % b"2.0" in door.log.read_bytes(), within=10, what="all is logged")
    assert secret not in door.log.read_bytes()


def test_plain_http_gets_no_answer(door: Door) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=5) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100) == b""


def test_a_restart_of_the_backend_is_noticed_by_nobody_who_asks_later(door: Door) -> None:
    for _ in range(2):
        with stand_in(door.socket):
            assert door.ask(b"/_matrix/client/versions").status == 200


def test_a_federating_site_lets_overlay_servers_in(tmp_path: Path) -> None:
    with open_door(tmp_path, federation=True) as door, stand_in(door.socket) as asked:
        target = b"/_matrix/federation/v1/event/%24a%2Fb"
        assert door.ask(target).status == 200
        assert asked.target == target
        assert door.ask(b"/_matrix/key/v2/server").status == 200
        assert door.ask(b"/_synapse/admin/v1/x").status == 404


def _h2(door: Door, path: bytes) -> tuple[int | None, bytes]:
    with door.connect(alpn="h2") as connection:
        assert connection.selected_alpn_protocol() == "h2"
        fields = {b":method": b"GET", b":scheme": b"https", b":path": path}
        return h2.ask(connection, fields | {b":authority": b"m.twinkle.example"})
