"""What strangers can take from those who are known, asked of a real HAProxy."""

from __future__ import annotations

import json
import os
import signal
import socketserver
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import h2
from behind_the_door import BOGUS, REFUSAL, WRONG, Asked, stand_in
from door import Door, open_door, parsed, running
from greygate.components.haproxy.config import (
    AT_ONCE,
    GUESSES,
    HEAD,
    MANY,
    MOST,
    REGISTRATIONS,
    REQUESTS,
    STRANGER_LOGINS,
    STRANGER_NEW,
    STRANGERS,
    UNDER_WAY,
    UPLOADS_OF_ONE,
)
from lab.waiting import wait_until

pytestmark = pytest.mark.programs

ANNA = "127.0.0.2"
VERSIONS = b"/_matrix/client/versions"
SYNC = b"/_matrix/client/v3/sync"
LOGIN = b"/_matrix/client/v3/login"
REGISTER = b"/_matrix/client/v3/register"
REFRESH = b"/_matrix/client/v3/refresh"  # without a token as well, every few minutes
RESET = b"/_matrix/client/v3/account/password"
UPLOAD = b"/_matrix/media/v3/upload"
TOKEN = b"Authorization: Bearer syt_anna"
# A busy machine takes longer to open every connection that a test holds than they last.
PATIENT = {
    "timeout http-request 15s": "timeout http-request 60s",
    "time 9s if !large": "time 60s if !large",
    "time 9s if !has_length": "time 60s if !has_length",
}


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path, instead=PATIENT) as it:
        yield it


@pytest.fixture
def asked(door: Door) -> Iterator[Asked]:
    with stand_in(door.socket) as it:
        yield it


def test_strangers_leave_room_for_those_who_are_known(door: Door, asked: Asked) -> None:
    assert door.ask(LOGIN, b"Content-Length: 0", method=b"POST", source=ANNA).status == 200
    with every_place_of_strangers(door):
        with pytest.raises(OSError):
            door.ask(VERSIONS, source="127.0.0.3")
        assert door.ask(VERSIONS, source=ANNA).status == 200


def test_three_sources_do_not_take_every_place_of_strangers(door: Door, asked: Asked) -> None:
    with ExitStack() as kept:
        for source in ("127.0.1.1", "127.0.1.2", "127.0.1.3"):
            hold(kept, door, source, 200)
        assert door.ask(VERSIONS, source="127.0.0.3").status == 200


def test_one_stranger_does_not_take_every_new_connection_of_strangers(
    door: Door, asked: Asked
) -> None:
    with pytest.raises(OSError):
        for _ in range(STRANGER_NEW + 1):
            door.connect(source="127.0.1.1").close()
    assert door.ask(VERSIONS, source="127.0.0.3").status == 200


def test_strangers_have_so_many_requests_and_who_is_known_has_his(door: Door, asked: Asked) -> None:
    """Each waits for a body that does not come, and may have a buffer as long."""
    door.ask(SYNC, source=ANNA)
    fields = {
        b":method": b"POST",
        b":scheme": b"https",
        b":authority": b"m.twinkle.example",
        b":path": LOGIN,
        b"content-length": b"900",
    }
    with ExitStack() as held:
        for at in range(REQUESTS // UNDER_WAY):
            one = held.enter_context(door.connect(source=f"127.0.9.{at + 1}", alpn="h2"))
            h2.hold(one, fields, streams=UNDER_WAY)
        wait_until(
            lambda: door.ask(VERSIONS, source="127.0.0.3").status == 429,
            within=5,
            what="strangers have all that they may",
        )
        assert door.ask(VERSIONS, source=ANNA).status == 200


def test_tokens_of_strangers_are_asked_for_one_after_the_other(door: Door, asked: Asked) -> None:
    """Fifty in a second at the most; nobody is told that his is wrong before Synapse says so."""
    bogus = b"Authorization: Bearer " + BOGUS
    request = b"POST " + UPLOAD + b" HTTP/1.1\r\nHost: m.twinkle.example\r\n" + bogus
    with ExitStack() as kept:
        asking = [
            kept.enter_context(door.connect(source=f"127.0.9.{at // 20 + 1}")) for at in range(200)
        ]
        begun = time.monotonic()
        for one in asking:
            one.sendall(request + b"\r\nContent-Length: 0\r\n\r\n")
        statuses = {int(one.recv(4096).split(b" ")[1]) for one in asking}
        assert time.monotonic() - begun > 2
    assert (statuses, len(asked.heads)) == ({401}, 200)


@pytest.mark.parametrize("target", [SYNC, SYNC + b"?timeout=0&access_token=syt_anna"])
def test_who_is_known_is_known_after_a_reload_and_a_restart(tmp_path: Path, target: bytes) -> None:
    with open_door(tmp_path, instead=PATIENT) as door, stand_in(door.socket):
        assert door.ask(target, source=ANNA).status == 200
        wait_until(lambda: reloaded(door), within=20, what="it has reloaded")
        expect_known(door, ANNA)
        os.kill(door.process.pid, signal.SIGKILL)
    with running(door.site, door.plan, tmp_path / "again.log") as again, stand_in(door.socket):
        expect_known(again, ANNA)


def test_what_is_known_is_not_left_with_the_worker_that_a_reload_ends(door: Door) -> None:
    """For a moment it accepts at the admin socket as well, here the first time that it is asked."""
    admin = Path(door.plan.paths.haproxy_admin_socket)
    new_worker = admin.rename(admin.with_name("new"))
    with stand_in(door.socket), socketserver.UnixStreamServer(str(admin), OldWorker) as old:
        asking = threading.Thread(target=door.ask, args=(SYNC,), kwargs={"source": ANNA})
        asking.start()
        old.handle_request()
        admin.unlink()
        new_worker.rename(admin)
        asking.join()
        expect_known(door, ANNA)


@pytest.mark.parametrize(
    ("method", "target", "header"),
    [
        (b"GET", VERSIONS, TOKEN),  # anybody gets it
        (b"GET", LOGIN, TOKEN),
        (b"GET", SYNC, b"X: " + BOGUS),
        (b"POST", LOGIN, b"X: " + WRONG),
    ],
)
def test_what_anybody_is_answered_makes_nobody_known(
    door: Door, asked: Asked, method: bytes, target: bytes, header: bytes
) -> None:
    door.ask(target, header, b"Content-Length: 0", method=method, source=ANNA)
    with every_place_of_strangers(door), pytest.raises(OSError):
        door.ask(VERSIONS, source=ANNA)


def test_a_stranger_has_so_many_connections_and_is_told_so_before_they_are_reset(
    door: Door, asked: Asked
) -> None:
    with ExitStack() as kept:
        hold(kept, door, ANNA, AT_ONCE)
        answer = door.ask(VERSIONS, source=ANNA)
        assert (answer.status, answer.errcode) == (429, "M_LIMIT_EXCEEDED")
        assert answer.headers["access-control-allow-origin"] == "*"
        hold(kept, door, ANNA, AT_ONCE // 2)
        with pytest.raises(OSError):
            door.ask(VERSIONS, source=ANNA)
        assert door.ask(VERSIONS, source="127.0.0.3").status == 200


def test_a_village_behind_one_node_is_several_hundred(door: Door, asked: Asked) -> None:
    for _ in range(2):  # the source, then the machine in it
        door.ask(SYNC, source=ANNA)
    with ExitStack() as kept:
        hold(kept, door, ANNA, MANY + 20)
        assert door.ask(VERSIONS, source=ANNA).status == 200
        hold(kept, door, ANNA, MOST)
        with pytest.raises(OSError):
            door.ask(VERSIONS, source=ANNA)


@pytest.mark.parametrize(
    "path",
    [
        b"/_matrix/client/v3/directory/room/%23a:192.0.2.1:22",
        b"/_matrix/client/api/v1/directory/room/%23a:[2001:db8::1]",
        b"/_matrix/client/unstable/directory/room/%23a:192.0.2.1",
        b"/_matrix/client/v1/room_summary/%23a:192.0.2.1:22",
        b"/_matrix/client/v1/room_summary/!a:b?via=192.0.2.1:22",
        b"/_matrix/client/unstable/im.nheko.summary/summary/%23a:192.0.2.1",
        b"/_matrix/client/unstable/im.nheko.summary/rooms/%23a:192.0.2.1/summary",
    ],
)
def test_without_a_token_synapse_is_not_made_to_ask_a_server_that_somebody_names(
    door: Door, asked: Asked, path: bytes
) -> None:
    answer = door.ask(path)
    assert (answer.status, answer.errcode) == (401, "M_MISSING_TOKEN")
    assert asked.heads == []
    bogus = door.ask(path, b"Authorization: Bearer " + BOGUS)
    assert (bogus.status, bogus.body) == (401, REFUSAL)
    assert [it.split(b"?")[0] for it in asked.heads] == [b"GET /_matrix/client/v3/account/whoami"]
    assert door.ask(path, TOKEN).status == 200


@pytest.mark.parametrize("size", [1, 100 * 1024 * 1024])
def test_without_a_token_nothing_is_uploaded(door: Door, asked: Asked, size: int) -> None:
    length = b"Content-Length: %d" % size
    for method, path in ((b"POST", UPLOAD), (b"PUT", UPLOAD + b"/twinkle.example/abc")):
        body = b"\r\n\r\na" if size == 1 else b""
        answer = door.ask(path, length + body, method=method)
        assert (answer.status, answer.errcode) == (401, "M_MISSING_TOKEN")
        assert answer.headers["access-control-allow-origin"] == "*"
    assert asked.heads == []


@pytest.mark.parametrize(
    ("query", "header"),
    [
        (b"", b"Authorization: Bearer " + BOGUS),
        (b"?access_token=" + BOGUS, b"X: y"),
        (b"?filename=a&access_token=" + BOGUS, b"X: y"),
    ],
)
def test_a_bogus_token_is_refused_by_synapse_before_the_body_is_taken(
    door: Door, asked: Asked, query: bytes, header: bytes
) -> None:
    for path in (UPLOAD, b"/_matrix/client/v3/keys/upload"):
        answer = door.ask(path + query, header, b"Content-Length: 15000000", method=b"POST")
        assert (answer.status, answer.body) == (401, REFUSAL)
        assert answer.headers["access-control-allow-origin"] == "*"
    assert [head.split(b"?")[0] for head in asked.heads] == [
        b"GET /_matrix/client/v3/account/whoami"
    ] * 2


@pytest.mark.parametrize(
    "headers",
    [
        (b"Content-Length: 15000000",),
        (b"Content-Length: 15000000", b"Authorization: Basic YTpi"),
        (b"Content-Length: 15000000", b"Authorization: bearer syt_anna"),
        (b"Content-Length: 15000000", TOKEN, TOKEN),
    ],
)
def test_much_is_taken_of_nobody_without_a_token(
    door: Door, asked: Asked, headers: tuple[bytes, ...]
) -> None:
    for target in (LOGIN, b"/_matrix/client/v3/register", b"/_matrix/media/v3/create"):
        answer = door.ask(target, *headers, method=b"POST")
        assert (answer.status, answer.errcode) == (401, "M_MISSING_TOKEN")
    assert asked.heads == []


def test_much_of_untold_length_is_taken_of_nobody_without_a_token(door: Door, asked: Asked) -> None:
    chunk = b"4400\r\n" + bytes(0x4400) + b"\r\n0"
    answer = door.ask(LOGIN, b"Transfer-Encoding: chunked\r\n\r\n" + chunk, method=b"POST")
    assert (answer.status, answer.errcode) == (401, "M_MISSING_TOKEN")
    assert asked.heads == []


def test_much_is_taken_of_nobody_over_h2_or_with_another_method(door: Door, asked: Asked) -> None:
    fields = {b":method": b"POST", b":scheme": b"https", b":authority": b"m.twinkle.example"}
    with door.connect(alpn="h2") as connection:
        connection.settimeout(5)
        asking = fields | {b":path": LOGIN}
        assert h2.ask(connection, asking, body=bytes(16_000), parts=3)[0] == 401
    chunk = b"4400\r\n" + bytes(0x4400) + b"\r\n0"
    answer = door.ask(UPLOAD, b"Transfer-Encoding: chunked\r\n\r\n" + chunk)
    assert (answer.status, answer.errcode) == (401, "M_MISSING_TOKEN")
    assert asked.heads == []


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ((b"Content-Length: 2000000",), 401),
        ((b"Content-Length: 2000000", b"Authorization: Bearer syt_anna"), 401),
        ((b"Content-Length: 5000000", b"Authorization: X-Matrix origin=a"), 413),
    ],
)
def test_a_server_of_the_overlay_sends_no_more_than_servers_do(
    tmp_path: Path, headers: tuple[bytes, ...], status: int
) -> None:
    with open_door(tmp_path, federation=True) as door, stand_in(door.socket) as asked:
        send = b"/_matrix/federation/v1/send/1"
        assert door.ask(send, *headers, method=b"PUT").status == status
        assert asked.heads == []
        signed = b"Authorization: X-Matrix origin=a"
        assert door.ask(send, signed, b"Content-Length: 2\r\n\r\n{}", method=b"PUT").status == 200


@pytest.mark.parametrize("over", ["--http1.1", "--http2"])
@pytest.mark.parametrize(
    ("target", "size", "status"),
    [
        ("/_synapse/admin/x", 3_000, "404"),
        ("/_matrix/client/../../_synapse/x", 3_000, "404"),
        ("/_synapse/admin/x", 60_000, "404"),
        ("/_matrix/media/v3/upload", 3_000_000, "401"),
        ("/_matrix/client/v3/login", 60_000, "401"),
        ("/_matrix/client/v3/login", 17_000_000, "413"),
    ],
)
def test_curl_sees_a_refusal_whatever_it_sends(
    door: Door, asked: Asked, tmp_path: Path, over: str, target: str, size: int, status: str
) -> None:
    door.ask(SYNC)
    asked.heads.clear()
    body = tmp_path / "body"
    body.write_bytes(bytes(size))
    where = f"m.twinkle.example:{door.port}"
    words = ("--resolve", f"{where}:127.0.0.1", "--cacert", door.plan.paths.ca, "--path-as-is")
    sent = ("--data-binary", f"@{body}", "-o", tmp_path / "answer", "-w", "%{http_code}")
    seen = [
        subprocess.run(
            ("curl", "-s", over, *words, *sent, f"https://{where}{target}"),
            capture_output=True,
            text=True,
        ).stdout
        for _ in range(10 if size < 1_000_000 else 2)
    ]
    assert set(seen) == {status}
    assert "errcode" in json.loads((tmp_path / "answer").read_text())
    assert asked.heads == []


def test_a_person_sends_much(door: Door, asked: Asked) -> None:
    body = bytes(2_000_000)
    head = b"PUT /_matrix/client/v3/room_keys/keys HTTP/1.1\r\nHost: localhost\r\n" + TOKEN
    with door.connect() as connection:
        connection.sendall(head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert parsed(connection.recv(1 << 16)).status == 200
    assert asked.sizes == [0, len(body)]


def test_a_preflight_is_answered_over_every_limit(door: Door, asked: Asked) -> None:
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    preflight = b"OPTIONS /_matrix//client/%2e%2e/ HTTP/1.1\r\nHost: localhost\r\n"
    with door.connect(source=ANNA) as connection:
        connection.sendall(head * (REQUESTS + 1) + preflight + b"Connection: close\r\n\r\n")
        octets = b""
        while more := connection.recv(1 << 16):
            octets += more
    assert b"HTTP/1.1 429" in octets
    last = parsed(octets[octets.rindex(b"HTTP/1.1") :])
    assert (last.status, last.headers["access-control-allow-origin"]) == (204, "*")


def test_preflights_are_not_counted(tmp_path: Path) -> None:
    fewer = {f"sc0_gpc0_rate gt {REQUESTS}": "sc0_gpc0_rate gt 5"}
    with open_door(tmp_path, instead=fewer) as door, stand_in(door.socket):
        for _ in range(10):
            assert door.ask(SYNC, method=b"OPTIONS", source=ANNA).status == 204
        statuses = [door.ask(VERSIONS, source=ANNA).status for _ in range(6)]
        assert statuses == [200] * 5 + [429]
        assert door.ask(SYNC, method=b"OPTIONS", source=ANNA).status == 204


def test_one_source_has_so_many_wrong_guesses_and_others_still_log_in(
    door: Door, asked: Asked
) -> None:
    door.ask(SYNC, source=ANNA)  # a guest of the house: known, all the same
    guess = (b"X: " + WRONG, b"Content-Length: 0")
    statuses = [
        door.ask(LOGIN, *guess, method=b"POST", source=ANNA).status for _ in range(GUESSES + 1)
    ]
    assert statuses == [403] * (GUESSES + 1)
    answer = door.ask(LOGIN, *guess, method=b"POST", source=ANNA)
    assert (answer.status, answer.errcode) == (429, "M_LIMIT_EXCEEDED")
    assert json.loads(answer.body)["retry_after_ms"] == 60_000
    assert door.ask(LOGIN, b"Content-Length: 0", method=b"POST", source="127.0.0.3").status == 200
    assert door.ask(LOGIN, source=ANNA).status == 200


@pytest.mark.parametrize(
    "kind",
    [
        b"m.login.password",
        rb"\u006d.login.password",
        rb"m\u002Elogin\u002epass\u0077ord",
        b"".join(b"\\u00%02x" % letter for letter in b"m.login.password"),
        b'm.login.dummy", "type": "m.login.password',
    ],
)
@pytest.mark.parametrize("target", [REGISTER, RESET, REGISTER + b"?kind=user"])
def test_without_a_token_a_password_is_checked_at_the_login_alone(
    door: Door, asked: Asked, target: bytes, kind: bytes
) -> None:
    """Synapse says in a registration, too, whether it is right, and counts no wrong one."""
    door.ask(SYNC, source=ANNA)
    asked.heads.clear()
    body = b'{"auth": {"type": "' + kind + b'", "user": "bert", "password": "x"}}'
    length = b"Content-Length: %d" % len(body)
    chunks = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0"
    for source in (ANNA, "127.0.0.3"):
        for sent in (length + b"\r\n\r\n" + body, chunks):
            answer = door.ask(target, sent, method=b"POST", source=source)
            assert (answer.status, answer.errcode) == (403, "M_FORBIDDEN")
            assert answer.headers["access-control-allow-origin"] == "*"
    assert asked.heads == []
    for allowed, header in ((RESET, TOKEN), (LOGIN, b"X: y")):
        whole = header + b"\r\n" + length + b"\r\n\r\n" + body
        assert door.ask(allowed, whole, method=b"POST", source=ANNA).status == 200


def test_no_body_hides_from_that_over_h2_or_behind_a_long_head(door: Door, asked: Asked) -> None:
    """Over h2 no header tells that a body comes; beside a long head a buffer has not all of it."""
    guess = b'"auth": {"type": "m.login.password"}}'
    fields = {
        b":method": b"POST",
        b":scheme": b"https",
        b":authority": b"m.twinkle.example",
        b":path": REGISTER,
    }
    with door.connect(alpn="h2") as connection:
        assert h2.ask(connection, fields, body=b"{" + guess)[0] == 403
    body = b'{"x": "' + b"a" * 15_800 + b'", ' + guess
    length = b"Content-Length: %d\r\n\r\n" % len(body) + body
    chunks = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + body + b"\r\n0"
    for long, status in ((HEAD // 2, 403), (16_000, 401)):
        for sent in (length, chunks):
            answer = door.ask(REGISTER, b"X: " + b"h" * long, sent, method=b"POST")
            assert answer.status == status
    assert asked.heads == []


def test_what_comes_without_a_token_is_as_rare_as_logins(door: Door, asked: Asked) -> None:
    """Each step of a registration may have Synapse hash a password, or keep what it is sent."""
    door.ask(SYNC, source=ANNA)
    nothing = (b"Content-Length: 0",)
    strangers = [
        door.ask(RESET, *nothing, method=b"POST", source=f"127.0.9.{at}").status
        for at in range(1, STRANGER_LOGINS + 2)
    ]
    assert strangers == [*[200] * STRANGER_LOGINS, 429]
    assert door.ask(LOGIN, *nothing, method=b"POST", source="127.0.9.1").status == 429
    known = [
        door.ask(REGISTER, *nothing, method=b"POST", source=ANNA).status
        for _ in range(REGISTRATIONS + 1)
    ]
    assert known == [*[200] * REGISTRATIONS, 429]
    assert door.ask(REFRESH, *nothing, method=b"POST", source=ANNA).status == 200
    assert door.ask(LOGIN, *nothing, method=b"POST", source=ANNA).status == 200
    assert door.ask(SYNC, TOKEN, *nothing, method=b"POST", source=ANNA).status == 200


def test_who_logs_in_on_a_connection_uploads_on_it_while_strangers_are_there(
    door: Door, asked: Asked
) -> None:
    """What all strangers have at once is not what this one has."""
    head = b" HTTP/1.1\r\nHost: localhost\r\n" + TOKEN + b"\r\nContent-Length: 0\r\n\r\n"
    with ExitStack() as kept:
        for at in range(UPLOADS_OF_ONE + 5):
            kept.enter_context(door.connect(source=f"127.0.9.{at + 1}"))
        connection = kept.enter_context(door.connect(source=ANNA))
        for request in (b"GET " + SYNC, b"POST " + UPLOAD):
            connection.sendall(request + head)
            assert parsed(connection.recv(1 << 16)).status == 200


def test_a_full_disk_takes_nothing_from_what_is_on_it(tmp_path: Path) -> None:
    """At a start, when what is known is written anew; and a line that was cut short stays alone."""
    with open_door(tmp_path, instead=PATIENT) as door, stand_in(door.socket):
        door.ask(SYNC, source=ANNA)
    saved = Path(door.plan.paths.haproxy / "known")
    with saved.open("a") as cut:
        cut.write("known 127.0.0.4 2")
    before = saved.read_text()
    Path(f"{saved}.new").symlink_to("/dev/full")
    with running(door.site, door.plan, tmp_path / "full.log") as full, stand_in(door.socket):
        expect_known(full, ANNA)
        assert saved.read_text() == before
        full.ask(SYNC, source="127.0.0.5")
    Path(f"{saved}.new").unlink(missing_ok=True)
    with running(door.site, door.plan, tmp_path / "again.log") as again, stand_in(door.socket):
        expect_known(again, "127.0.0.5")


def test_a_body_that_is_held_back_is_given_up_and_reaches_nobody(tmp_path: Path) -> None:
    sooner = {
        "time 9s if !large": "time 500ms if !large",
        "time 9s if !has_length": "time 500ms if !has_length",
    }
    with open_door(tmp_path, instead=sooner) as door, stand_in(door.socket) as asked:
        for length in (b"Content-Length: 1000", b"Transfer-Encoding: chunked"):
            start = time.monotonic()
            assert door.ask(LOGIN, length, method=b"POST").status == 408
            assert time.monotonic() - start < 5
        assert asked.heads == []


def test_an_app_that_hangs_up_while_it_polls_holds_nothing(door: Door, asked: Asked) -> None:
    for _ in range(2):
        with ExitStack() as kept:
            for _ in range(UNDER_WAY):
                connection = kept.enter_context(door.connect(source=ANNA))
                connection.sendall(b"GET /_matrix/client/slow HTTP/1.1\r\nHost: localhost\r\n\r\n")
    wait_until(
        lambda: door.ask(VERSIONS, source=ANNA).status == 200,
        within=1,
        what="their places are free",
    )


def test_a_head_may_be_as_long_as_synapse_takes_it(door: Door, asked: Asked) -> None:
    target = VERSIONS + b"?" + b"a" * (16_000 - len(VERSIONS))
    assert door.ask(target).status == 200
    lines = [b"X-%d: y" % at for at in range(480)]
    assert door.ask(VERSIONS, *lines).status == 200
    assert len(asked.heads) == 2


class OldWorker(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.rfile.readline()
        self.wfile.write(b"Name: HAProxy\nPid: 1\n\n")


def hold(kept: ExitStack, door: Door, source: str, count: int) -> int:
    """Open connections from there until `count` are open or one is reset; how many it is."""
    for opened in range(count):
        try:
            kept.enter_context(door.connect(source=source))
        except OSError:
            return opened
    return count


@contextmanager
def every_place_of_strangers(door: Door) -> Iterator[None]:
    """From a hundred sources at once."""
    with ExitStack() as kept:
        held = sum(hold(kept, door, f"127.0.9.{at}", STRANGERS // 80) for at in range(1, 101))
        assert held >= STRANGERS - 5
        yield


def expect_known(door: Door, source: str) -> None:
    with every_place_of_strangers(door):
        assert door.ask(VERSIONS, source=source).status == 200


def reloaded(door: Door) -> bool:
    """Whether there was a reload; a master that is starting yet misses the signal."""
    os.kill(door.process.pid, signal.SIGUSR2)
    time.sleep(1)
    return door.log.read_text().count("Loading success") > 1
