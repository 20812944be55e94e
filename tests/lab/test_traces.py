"""The traces that the documents show, made by the real programs, and compared with those shown.

What differs from run to run (times, overlay addresses) is written as a stand-in; --update records
them anew, and then tests/test_docs.py --update puts them into the documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greygate.lab import hosts
from lab.federation import Sealed, federation, status
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

TRACES = Path(__file__).parents[2] / "docs/traces"

TO_EDGE = "--connect-to twinkle.example:8448:203.0.113.10:8448"
VERSION = "/_matrix/federation/v1/version"
TLS = "openssl s_client -connect 203.0.113.10:8448"

SHOWN = "grep -E -m 3 'subject|issuer|Verify'"  # each ticket that comes repeats the last
# Name of the trace: which host, and what is typed there.
TYPED = {
    "ordinary": ("home", ("greygate discover remote.example --dialect spec",)),
    "ours": ("home", ("greygate discover twinkle.example --dialect spec",)),
    "handshake": (
        "outsider",
        (f"{TLS} -servername twinkle.example </dev/null 2>&1 | {SHOWN}",),
    ),
    "nobody": (
        "outsider",
        (
            f"{TLS} -servername somebody.example </dev/null 2>&1 | grep -c BEGIN",
            f"{TLS} -noservername </dev/null 2>&1 | grep -c BEGIN",
            "curl -sS http://203.0.113.10:8448/",
        ),
    ),
    "refused": (
        "outsider",
        (
            f"curl -sS {TO_EDGE} https://twinkle.example:8448{VERSION}",
            f"curl -sS {TO_EDGE} https://twinkle.example:8448/_matrix/client/versions",
            f"curl -sS {TO_EDGE} https://twinkle.example:8448/_synapse/admin/v1/server_version",
        ),
    ),
    "outsider": ("outsider", ("curl -sS https://m.twinkle.example/_matrix/client/versions",)),
}

STEADY = (
    (re.compile(r"\b2[0-9a-f]{2}:[0-9a-f:]+\b"), "200:..."),
    (re.compile(r"\([0-9.]+ m?s\)"), "(N s)"),
    (re.compile(r"after \d+ ms"), "after N ms"),
    (re.compile(r"\d+(\.\d+)? (s|min|MB)\b"), r"N \2"),
    (re.compile(r"N min N s"), "N s"),
)


@pytest.mark.parametrize("name", TYPED)
def test_it_is_as_shown(name: str, sealed: Sealed, request: pytest.FixtureRequest) -> None:
    host, lines = TYPED[name]
    said = "\n\n".join(_typed(sealed, host, line) for line in lines)
    _compare(name, said, update=request.config.getoption("--update"))


def test_status_without_the_edge_is_as_shown(
    sealed: Sealed, request: pytest.FixtureRequest
) -> None:
    with _stopped(sealed, "edge", "greygate-haproxy"):
        wait_until(lambda: _is_missed(sealed), within=60, what="it is missed")
        said = _typed(sealed, "home", "greygate status | head -5")
    wait_until(lambda: federation(sealed.lab)["reachable"] == "yes", within=60, what="it is back")
    _compare("status", said, update=request.config.getoption("--update"))


def _is_missed(sealed: Sealed) -> bool:
    seen = status(sealed.lab)
    return seen["federation"]["reachable"] == "no" and not seen["edges"][0]["link_up"]


def _typed(sealed: Sealed, host: str, line: str) -> str:
    """The line at a prompt, and what came of it."""
    done = hosts.execute(host, sealed.lab.places, ("sh", "-c", f"{line} 2>&1"))
    text = "\n".join(it.rstrip() for it in done.stdout.strip().splitlines())
    return f"{host}$ {line}\n{text}"


def _compare(name: str, said: str, *, update: bool) -> None:
    for pattern, stand_in in STEADY:
        said = pattern.sub(stand_in, said)
    shown = TRACES / f"{name}.txt"
    if update:
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text(said + "\n", "utf-8")
    assert said + "\n" == shown.read_text("utf-8")


@contextmanager
def _stopped(sealed: Sealed, host: str, unit: str) -> Iterator[None]:
    hosts.execute(host, sealed.lab.places, ("systemctl", "stop", unit))
    try:
        yield
    finally:
        hosts.execute(host, sealed.lab.places, ("systemctl", "start", unit))
