"""The certificate of a real HAProxy is exchanged, and a connection that is kept notices nothing."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from door import Door, open_door
from greygate.run import certificate_in_use
from own_certificate import self_signed

REQUEST = b"GET /.well-known/matrix/client HTTP/1.1\r\nHost: m.twinkle.example\r\n\r\n"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with open_door(tmp_path / "a place") as opened:
        yield opened


def connection(door: Door) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection((str(door.plan.addresses[0]), door.port), 5)
    return context.wrap_socket(plain, server_hostname="m.twinkle.example")


def asked(channel: ssl.SSLSocket) -> bytes:
    channel.sendall(REQUEST)
    return channel.recv(65_536)


@pytest.mark.programs
def test_a_kept_connection_stays_and_a_new_one_has_the_new_certificate(door: Door) -> None:
    paths = door.plan.paths
    with connection(door) as kept:
        before = kept.getpeercert(binary_form=True)
        assert asked(kept).startswith(b"HTTP/1.1 200")
        certificate, key = self_signed(door.plan.certificate)
        Path(paths.certificate).write_bytes(certificate + b"\n" + key)
        assert certificate_in_use.is_old(paths.haproxy_admin_socket, paths.certificate)
        assert certificate_in_use.exchange(paths.haproxy_admin_socket, paths.certificate)
        assert not certificate_in_use.is_old(paths.haproxy_admin_socket, paths.certificate)
        with connection(door) as new:
            assert new.getpeercert(binary_form=True) == ssl.PEM_cert_to_DER_cert(
                certificate.decode()
            )
        assert asked(kept).startswith(b"HTTP/1.1 200")
        assert kept.getpeercert(binary_form=True) == before


@pytest.mark.programs
def test_a_key_of_another_certificate_is_not_taken(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    paths = door.plan.paths
    certificate, _key = self_signed(door.plan.certificate)
    _other, key = self_signed(door.plan.certificate)
    Path(paths.certificate).write_bytes(certificate + key)
    caplog.set_level(logging.INFO)
    assert not certificate_in_use.exchange(paths.haproxy_admin_socket, paths.certificate)
    assert "did not exchange" in caplog.text
    assert "PRIVATE" not in caplog.text


@pytest.mark.programs
def test_its_socket_is_closed_to_others(door: Door) -> None:
    assert Path(door.plan.paths.haproxy_admin_socket).stat().st_mode & 0o777 == 0o600


def test_where_no_haproxy_runs_nothing_is_exchanged(tmp_path: Path) -> None:
    (tmp_path / "server.pem").write_text("certificate")
    nowhere = PurePosixPath(tmp_path / "admin.sock")
    certificate = PurePosixPath(tmp_path / "server.pem")
    assert not certificate_in_use.exchange(nowhere, certificate)
    assert not certificate_in_use.is_old(nowhere, certificate)
