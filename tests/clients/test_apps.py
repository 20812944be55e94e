"""Real apps at a real server, by address and by name: they stay where they came, and talk sealed.

matrix-js-sdk with its Rust cryptography in Node and in Chromium (what Element Web and Desktop are
made of), with classic and with sliding synchronisation, and matrix-nio.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Protocol
from urllib.parse import urlencode

import pytest

from clients import built, chromium
from clients.chromium import Browser
from lab.client import Client
from our_end import WITH_US
from whole_server import WholeServer

pytestmark = [pytest.mark.apps, pytest.mark.engine, pytest.mark.programs]

PEOPLE = Path(__file__).parents[1] / "lab/people.py"
APPS = ("nio", "node", "chromium", "node sliding", "chromium sliding")
URLS = ("by_address", "by_name")


class Person(Protocol):
    """Somebody at an app: the acts are those of lab/people.py."""

    def does(self, act: str, **wish: Any) -> dict[str, Any]: ...


@dataclass(slots=True)
class Desk:
    """A device with every app; each has one person at either URL, from the first use on."""

    server: WholeServer
    browser: Browser
    origin: str  # where the page is
    below: Path
    ends: ExitStack
    people: dict[str, tuple[Person, dict[str, Any]]] = field(default_factory=dict)

    def person(self, app: str, way: str) -> tuple[Person, dict[str, Any]]:
        """The person, and what the login told."""
        name = f"{app.replace(' ', '-')}-{way.replace('_', '-')}"
        if name not in self.people:
            person = self._opened(name, app, getattr(self.server, way))  # or it cannot be used
            password = self.server.person(name).reveal()
            self.people[name] = (person, person.does("login", user=name, password=password))
        return self.people[name]

    def _opened(self, name: str, app: str, url: str) -> Person:
        kind, *sliding = app.split()
        if kind == "chromium":
            query = urlencode({"server": url} | dict.fromkeys(sliding, "yes"))
            return self.browser.open(f"{self.origin}/page.html?{query}")
        ca = str(self.server.plan.paths.ca)
        if kind == "node" and _refuses(url, ca):
            pytest.skip("this Node refuses certificates for IPv6 addresses (nodejs/node 64032)")
        argv: tuple[str, ...] = ("node", str(self.below / "node.mjs"), url, *sliding)
        if kind == "nio":
            store = str(self.below / name)
            argv = (str(built.nio()), str(PEOPLE), "--server", url, "--ca", ca, "--store", store)
        hosts = self.below / "hosts"
        hosts.write_text(f"::1 {self.server.site.names.client}\n")
        names = (f"NSS_WRAPPER_HOSTS={hosts}", "LD_PRELOAD=libnss_wrapper.so")
        return self.ends.enter_context(
            Client((*WITH_US, "env", f"NODE_EXTRA_CA_CERTS={ca}", *names, *argv))
        )


@pytest.fixture(scope="module")
def desk(server: WholeServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    below = tmp_path_factory.mktemp("apps")
    built.bundle(below)
    home = tmp_path_factory.mktemp("home")
    name = f"--host-resolver-rules=MAP {server.site.names.client} [::1]"
    with ExitStack() as ends:
        origin = ends.enter_context(_served(below))
        trusts = Path(server.plan.paths.ca)
        browser = ends.enter_context(chromium.running(home, trusts=trusts, flags=(name,)))
        yield Desk(server, browser, origin, below, ends)


class _served:
    """The directory by HTTP on loopback: another origin than the server, as a web app is."""

    def __init__(self, directory: Path) -> None:
        handler = partial(_Quiet, directory=str(directory))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        return None


def _refuses(url: str, ca: str) -> bool:
    """Whether this Node finds no address in a certificate that is for it; others find it."""
    script = "fetch(process.argv[1]).catch((it) => { process.stdout.write(it.cause.code) })"
    asked = ("node", "-e", script, url)
    environment = {**os.environ, "NODE_EXTRA_CA_CERTS": ca}
    said = subprocess.run(asked, env=environment, capture_output=True, text=True, check=True)
    return "[" in url and said.stdout == "ERR_TLS_CERT_ALTNAME_INVALID"


@pytest.mark.parametrize("way", URLS)
@pytest.mark.parametrize("app", [it for it in APPS if it != "nio"])
def test_after_its_login_an_app_is_still_where_it_came(desk: Desk, app: str, way: str) -> None:
    _person, told = desk.person(app, way)
    assert told["url"].rstrip("/") == getattr(desk.server, way)


@pytest.mark.parametrize("way", URLS)
@pytest.mark.parametrize(("one", "other"), [*zip(APPS, (*APPS[1:], APPS[0]), strict=True)])
def test_two_people_exchange_sealed_messages(desk: Desk, one: str, other: str, way: str) -> None:
    _talk(desk, (one, way), (other, way))


def test_who_came_by_address_talks_with_who_came_by_name(desk: Desk) -> None:
    _talk(desk, ("chromium", "by_address"), ("node sliding", "by_name"))


def _talk(desk: Desk, one: tuple[str, str], other: tuple[str, str]) -> None:
    (anna, her), (boris, his) = desk.person(*one), desk.person(*other)
    room = anna.does("create_room", invite=[his["user"]])["room"]
    boris.does("join", room=room)
    for speaker, hearer, who in ((anna, boris, her), (boris, anna, his)):
        text = f"from {who['user']}"
        event = speaker.does("send", room=room, text=text)["event"]
        heard = hearer.does("read", room=room, text=text)
        assert heard == {"sender": who["user"], "decrypted": True}
        assert speaker.does("on_server", room=room, event=event) == {"type": "m.room.encrypted"}
