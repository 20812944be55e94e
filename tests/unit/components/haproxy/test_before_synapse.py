"""What people may ask, through our HAProxy to a real Synapse."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import door as doors
from door import Answer, Door
from greygate.components.haproxy.config import CONFIG
from greygate.people import admin
from greygate.people.session import session
from greygate.plan.plan import Listener
from lab.waiting import wait_until
from ports import free_port
from real_synapse import RealSynapse, engine, real_synapse, standalone_site
from separation.techniques import spellings

__all__ = ["engine", "real_synapse"]

pytestmark = [pytest.mark.engine, pytest.mark.programs]

Headers = dict[str, str | int]

CLIENT = "/_matrix/client/v3"
SSO = "/_synapse/client/"
CLOSED = (
    "/_synapse/admin/v1/server_version",
    "/_synapse/admin/v2/users",
    "/_synapse/metrics",
    "/_matrix/static/",
    "/health",
)
ABOVE = ("..", ".", "%2e%2e", "%2E%2E", ".%2e", "..;", "..%2f..", "..%5c..", "..\\..", "%252e%252e")
# As state keys, names of settings and of files: what encoders make of dots, and what people type.
IDS = ("a.b", ".", "..", "a\\b", "a\nb", "a//b", "a/../b", "a/../../c", "..;", "#a")


@dataclass(frozen=True, slots=True)
class App:
    """An app of the server's own administrator: whatever it reaches, it may."""

    door: Door
    token: str

    def ask(
        self, method: str, target: str, content: bytes = b"", *, headers: Headers | None = None
    ) -> Answer:
        """The target to the octet, which a library would set right."""
        if headers is None:
            headers = {"Authorization": f"Bearer {self.token}", "Content-Length": len(content)}
        lines = (f"{name}: {value}" for name, value in headers.items())
        # To 1.0 nothing is answered in chunks, and the end is the connection's.
        head = "\r\n".join((f"{method} {target} HTTP/1.0", "Host: localhost", *lines, "", ""))
        octets = b""
        with self.door.connect() as connection, contextlib.suppress(OSError):
            connection.sendall(head.encode() + content)
            while more := connection.recv(1 << 16):
                octets += more
        return doors.parsed(octets)

    def json(self, method: str, target: str, body: object = None) -> Any:
        content = b"" if body is None else json.dumps(body).encode()
        answer = self.ask(method, target, content)
        assert answer.status == 200, (method, target, answer)
        return json.loads(answer.body)


@pytest.fixture(scope="module")
def app(real_synapse: RealSynapse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    usual = real_synapse.plan
    listeners = tuple(Listener(it.name, free_port()) for it in usual.listeners)
    plan = replace(usual, listeners=listeners)
    doors.write(standalone_site(), plan)
    config = Path(plan.paths.rendered / CONFIG)
    endless = config.read_text().replace("sc0_conn_rate gt 6", "sc0_conn_rate gt 99996")
    config.write_text(endless.replace("sc0_gpc0_rate gt 2", "sc0_gpc0_rate gt 99992"))
    with session(real_synapse.paths) as opened:
        admin.people(opened)  # which makes the administrator
    token = json.loads(Path(plan.paths.admin).read_text())["token"]
    with doors.running(standalone_site(), plan, tmp_path_factory.mktemp("haproxy") / "log") as door:
        yours = App(door, token)
        yours.json("GET", f"{CLIENT}/account/whoami")  # it is known from here on
        yield yours


def test_ids_in_every_spelling_are_kept_apart_and_found_again(app: App) -> None:
    me = quote(app.json("GET", f"{CLIENT}/account/whoami")["user_id"])
    room = quote(app.json("POST", f"{CLIENT}/createRoom", {})["room_id"])
    spelled = [*(quote(it, safe="") for it in IDS), *(encoded(it) for it in IDS)]
    for name in spelled:
        for path in (
            f"{CLIENT}/user/{me}/account_data/org.example.{name}",
            f"{CLIENT}/rooms/{room}/state/org.example.a/{name}",
        ):
            app.json("PUT", path, {"is": name})
            assert app.json("GET", path) == {"is": name}
    app.json("GET", f"{CLIENT}/rooms/{room.replace('.', '%2E')}/joined_members")
    app.json("PUT", f"{CLIENT}/rooms/{room}/state/org.example.a/..", {})
    assert app.ask("GET", f"{CLIENT}/sync?timeout=0&filter=a\\b").status in (400, 404)  # its own


@pytest.mark.parametrize("aim", CLOSED)
def test_no_spelling_below_a_prefix_reaches_what_is_closed(app: App, aim: str) -> None:
    """With an administrator's own token: what answered would be the resource itself."""
    targets = [*(target for _name, target in spellings(aim)), *below_prefixes(aim)]
    assert len(targets) > 500
    for target in targets:
        if target.startswith("/?") or not target.isascii():
            continue  # what the bare address leads to; what no request line holds
        answer = app.ask("GET", target)
        assert answer.status in (400, 404, 405), (target, answer)


def test_nothing_of_a_stranger_is_kept_on_disk(app: App) -> None:
    spool = Path(app.door.plan.paths.spool)
    for token, errcode in (("", "M_MISSING_TOKEN"), ("syt_bogus", "M_UNKNOWN_TOKEN")):
        for path in ("/_matrix/media/v3/upload", f"{CLIENT}/login", f"{CLIENT}/keys/upload"):
            headers: Headers = {"Content-Length": 15_000_000}
            if token:
                headers["Authorization"] = f"Bearer {token}"
            answer = app.ask("POST", path, bytes(10_000), headers=headers)
            assert (answer.status, answer.errcode) == (401, errcode), path
    body = bytes(8_000_000)
    with app.door.connect() as connection:
        head = "POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: localhost\r\n"
        head += f"Authorization: Bearer {app.token}\r\nContent-Length: {len(body) + 1}\r\n\r\n"
        connection.sendall(head.encode() + body)
        wait_until(lambda: taken(spool) == 1, within=10, what="a person's is on the state disk")
    wait_until(lambda: taken(spool) == 0, within=10, what="it is gone with its connection")


def test_no_registration_tells_whether_a_password_is_right(app: App) -> None:
    """Only a login does, and there Synapse counts the wrong ones."""
    guess = {"type": "m.login.password", "user": "admin", "password": "correct horse battery"}
    content = json.dumps({"auth": guess}).encode()
    for path in ("register", "account/password"):
        headers: Headers = {"Content-Length": len(content)}
        answer = app.ask("POST", f"{CLIENT}/{path}", content, headers=headers)
        assert (answer.status, answer.errcode) == (403, "M_FORBIDDEN"), answer
    begun = app.ask("POST", f"{CLIENT}/register", b"{}", headers={"Content-Length": 2})
    assert begun.status == 401
    assert "m.login.registration_token" in json.loads(begun.body)["flows"][0]["stages"]


@pytest.mark.parametrize("by_query", [False, True])
def test_a_person_uploads_and_has_it_back(app: App, by_query: bool) -> None:
    body = os.urandom(3_000_000)
    target = "/_matrix/media/v3/upload?filename=a%2F..%2Fb"
    if by_query:
        headers: Headers = {"Content-Length": len(body)}
        answer = app.ask("POST", f"{target}&access_token={app.token}", body, headers=headers)
    else:
        answer = app.ask("POST", target, body)
    assert answer.status == 200, answer
    where = json.loads(answer.body)["content_uri"].removeprefix("mxc://")
    assert app.ask("GET", f"/_matrix/client/v1/media/download/{where}").body == body


def encoded(text: str) -> str:
    return "".join(f"%{ord(letter):02X}" for letter in text)


def below_prefixes(aim: str) -> Iterator[str]:
    """Ways from what people need to `aim`, by everything that somebody takes for a way up."""
    for prefix in ("/_matrix/client/", "/_matrix/client/v3/", "/_matrix/media/v3/", SSO):
        yield from (prefix + aim, f"{prefix[:-1]}%2f{aim[1:]}", f"{prefix[:-1]}\\{aim[1:]}")
        for up in ABOVE:
            for times in range(1, 6):
                yield f"{prefix}{f'{up}/' * times}{aim[1:]}"
                yield f"{prefix}x/{f'{up}/' * times}{aim}"
                yield f"{prefix}{f'{up}%2f' * times}{encoded(aim[1:])}"


def taken(spool: Path) -> int:
    """Bodies that Synapse is taking: files that it has open and nobody can find by a name."""
    count = 0
    for link in Path("/proc").glob("[0-9]*/fd/*"):
        with contextlib.suppress(OSError):
            place = os.readlink(link)
            count += place.startswith(f"{spool}/") and place.endswith(" (deleted)")
    return count
