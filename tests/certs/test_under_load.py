"""Certificates are exchanged while people ask, and not one of them notices."""

from __future__ import annotations

import os
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest
from cryptography import x509

from acme_rig.rig import Authority, Rig
from door import Door, complete, open_door, parsed
from greygate.certs import renewal
from greygate.progress import Silent
from lab.waiting import wait_until
from some_orders import Orders, orders

pytestmark = [pytest.mark.acme, pytest.mark.programs]

ASKED = b"GET /.well-known/matrix/client HTTP/1.1\r\nHost: m.twinkle.example\r\n\r\n"
PEOPLE = 4
RENEWALS = 2
TURNS = 5  # requests on one connection
PAUSE = 0.1  # seconds: HAProxy has limits for one source


@dataclass(slots=True)
class Load:
    """What people saw."""

    answers: int = 0
    failures: list[str] = field(default_factory=list)
    serials: set[int] = field(default_factory=set)


def test_not_one_request_fails_while_certificates_change(
    rig: Rig, authority: Authority, tmp_path: Path
) -> None:
    with open_door(tmp_path) as door, orders(rig, authority, tmp_path) as made:
        acme = Orders(rig, replace(made.ordering, paths=door.plan.paths))
        acme.lead()
        trust = Path(door.plan.paths.ca)
        trust.write_bytes(trust.read_bytes() + authority.root().encode())
        with loaded(door) as load:
            for _number in range(RENEWALS):
                before = load.answers
                reload = partial(os.kill, door.process.pid, signal.SIGUSR2)
                assert renewal.order(acme.ordering, Silent(), reload=reload) is None
                wait_until(
                    partial(seen, acme, load), within=20, what="people see the new certificate"
                )
                assert load.answers > before
        assert load.failures == []
        assert len(load.serials) == RENEWALS + 1


def seen(acme: Orders, load: Load) -> bool:
    return acme.leaf.serial_number in load.serials


@contextmanager
def loaded(door: Door) -> Iterator[Load]:
    """People who ask all the time, each by a new connection every few requests."""
    load, stop = Load(), Event()
    threads = [Thread(target=asking, args=(door, load, stop)) for _ in range(PEOPLE)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        stop.set()
        for thread in threads:
            thread.join(20)


def asking(door: Door, load: Load, stop: Event) -> None:
    while not stop.is_set():
        try:
            with door.connect() as connection:
                load.serials.add(serial(connection))
                for _number in range(TURNS):
                    going_on = asked(connection)
                    load.answers += 1
                    stop.wait(PAUSE)
                    if not going_on:
                        break
        except OSError as problem:
            load.failures.append(f"{type(problem).__name__}: {problem}")


def asked(connection: ssl.SSLSocket) -> bool:
    """Whether the connection may be used again, as the answer says (RFC 9112, 9.6)."""
    connection.sendall(ASKED)
    octets = b""
    while not complete(octets):
        more = connection.recv(1 << 16)
        if not more:
            raise ConnectionError(f"ended after {len(octets)} octets")
        octets += more
    answer = parsed(octets)
    if answer.status != 200:
        raise ConnectionError(f"answered {answer.status}")
    return answer.headers.get("connection") != "close"


def serial(connection: ssl.SSLSocket) -> int:
    shown = connection.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown).serial_number
