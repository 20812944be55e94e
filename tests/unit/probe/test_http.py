"""GET over TLS: what is believed, and what is only told."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread

import pytest

from greygate.plan.plan import CertificateNames
from greygate.probe.answers import Distrusted, NoAnswer, NotTls, Refused, Reply, Stalled
from greygate.probe.http import get
from own_certificate import self_signed

HERE = IPv4Address("127.0.0.1")


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    """A certificate for a name and not for the address; its key stands in the same file."""
    certificate, key = self_signed(CertificateNames(("m.twinkle.example",), ()))
    (tmp_path / "ca.pem").write_bytes(certificate)
    (tmp_path / "both.pem").write_bytes(certificate + key)
    return tmp_path / "ca.pem"


@contextmanager
def door(authority: Path) -> Iterator[int]:
    """Answers one request with its Host and the name asked for in TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.with_name("both.pem"))
    asked: list[str] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    with socket.create_server((str(HERE), 0)) as listening:

        def serve() -> None:
            try:
                channel = context.wrap_socket(listening.accept()[0], server_side=True)
            except OSError:
                return
            with channel:
                request = channel.recv(4096).decode()
                host = next(line for line in request.splitlines() if line.startswith("Host:"))
                body = f"{asked} {host}"
                head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n"
                channel.sendall((head + body).encode())

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        thread.join(5)


def test_the_name_is_asked_for_at_the_address(authority: Path) -> None:
    with door(authority) as port:
        answer = get(HERE, port, "/x", authority=authority, host="m.twinkle.example")
    assert answer == Reply(200, b"['m.twinkle.example'] Host: m.twinkle.example")


def test_a_certificate_for_something_else_is_distrusted(authority: Path) -> None:
    with door(authority) as port:
        answer = get(HERE, port, "/x", authority=authority)
    assert isinstance(answer, Distrusted)
    assert "127.0.0.1" in answer.why


def test_nobody_listening_is_refused(authority: Path) -> None:
    with socket.create_server((str(HERE), 0)) as chosen:
        port = int(chosen.getsockname()[1])
    assert get(HERE, port, "/x", authority=authority) == Refused()


def test_without_authority_nothing_is_claimed(tmp_path: Path) -> None:
    assert isinstance(get(HERE, 1, "/x", authority=tmp_path / "none.pem"), NoAnswer)


def test_silence_is_no_answer(authority: Path) -> None:
    with socket.create_server((str(HERE), 0)) as silent:
        port = int(silent.getsockname()[1])
        answer = get(HERE, port, "/x", authority=authority, patience=0.2)
    assert answer == Stalled("time-out within TLS")  # and nothing of OpenSSL's own


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (b"SSH-2.0-OpenSSH_9.2p1\r\n", NotTls()),
        (b"HTTP/1.0 400 Bad Request\r\n\r\n", NotTls()),
        (b"", NoAnswer("the connection ended within TLS")),
    ],
)
def test_what_does_not_speak_tls_is_told_as_such(
    authority: Path, words: bytes, expected: NotTls | NoAnswer
) -> None:
    with socket.create_server((str(HERE), 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as channel:
                channel.recv(4096)
                channel.sendall(words)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        port = int(listening.getsockname()[1])
        assert get(HERE, port, "/x", authority=authority) == expected
        thread.join(5)
