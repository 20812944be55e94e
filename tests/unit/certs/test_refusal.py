"""What goes wrong between us and an authority, in words."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
import requests
from acme import messages
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greygate.certs.network import Network
from greygate.certs.refusal import AuthorityRefused, refusal, told
from greygate.errors import Trouble
from some_orders import TRUST

DAY = timedelta(days=1)


def limited(detail: str, header: str | None = None) -> AuthorityRefused:
    problem = messages.Error.with_code("rateLimited", detail=detail)
    return refusal("order a certificate", "ca.example", problem, retry_after=header)


def test_a_limit_says_from_when_it_may_be_asked_again() -> None:
    words = "too many certificates (5) already issued, retry after 2026-11-27 03:04:05 UTC: see"
    refused = limited(words)
    assert refused.not_before == datetime(2026, 11, 27, 3, 4, 5, tzinfo=UTC)
    assert refused.hint == "it may be asked again at 2026-11-27 03:04 UTC, and will be"
    assert refused.what.startswith("cannot order a certificate: ca.example says rateLimited: too")


@pytest.mark.parametrize(
    ("header", "wanted"),
    [("Fri, 27 Nov 2026 03:04:05 GMT", datetime(2026, 11, 27, 3, 4, 5, tzinfo=UTC)), ("x", None)],
)
def test_the_header_may_be_a_date(header: str, wanted: datetime | None) -> None:
    assert limited("slowly", header).not_before == wanted


def test_the_header_may_be_seconds() -> None:
    again = limited("slowly", "3600").not_before
    assert again is not None
    assert timedelta(minutes=59) < again - datetime.now(UTC) <= timedelta(hours=1)


def test_every_name_that_is_refused_is_named() -> None:
    name = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value="home.example")
    part = messages.Error.with_code("rejectedIdentifier", detail="policy", identifier=name)
    whole = messages.Error.with_code("compound", detail="see below", subproblems=(part,))
    refused = refusal("order a certificate", "ca.example", whole)
    assert refused.what.endswith("says compound: see below; home.example: policy")


@pytest.mark.parametrize(
    ("begins", "words"),
    [(DAY, "out of its time by our clock"), (-2 * DAY, "out of its time by our clock")],
    ids=["our clock is behind", "our clock is ahead"],
)
def test_a_clock_that_is_wrong_is_named(
    begins: timedelta, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(tmp_path, begins) as url:
        monkeypatch.setenv(TRUST, str(tmp_path / "both.pem"))
        with pytest.raises(Trouble) as caught, told("read the directory", url):
            Network(None).get(url)
    assert words in caught.value.what
    assert "timedatectl" in caught.value.hint


def test_an_authority_that_is_not_trusted(tmp_path: Path) -> None:
    with (
        served(tmp_path, -DAY / 2) as url,
        pytest.raises(Trouble, match="does not trust") as caught,
        told("read it", url),
    ):
        Network(None).get(url)
    assert "update-ca-certificates" in caught.value.hint


def test_what_is_no_acme_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(tmp_path, -DAY / 2) as url:
        monkeypatch.setenv(TRUST, str(tmp_path / "both.pem"))
        with pytest.raises(Trouble, match="answers what is no ACME"), told("read it", url):
            Network(None).get(url)


def test_a_name_that_cannot_be_looked_up() -> None:
    with pytest.raises(Trouble, match="cannot be reached"), told("read it", "https://x.invalid"):
        raise requests.exceptions.ConnectionError("[Errno -2] Name or service not known")


@contextmanager
def served(below: Path, begins: timedelta) -> Iterator[str]:
    """A web server whose certificate is valid for a day from then."""
    (below / "both.pem").write_bytes(certificate(datetime.now(UTC) + begins))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(below / "both.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/dir"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, format: str, *arguments: object) -> None:
        return None


def certificate(begins: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + DAY)
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(pem) + private
