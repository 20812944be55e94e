"""What goes wrong between us and an authority, in words."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import ClassVar

import pytest
import requests
from acme import errors, messages
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greygate.certs.network import Network
from greygate.certs.refusal import AuthorityRefused, refusal, told
from greygate.errors import Trouble
from greygate.spec.renewal import LONGEST_REFUSAL
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


@pytest.mark.parametrize("header", ["9" * 30, "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_limit_without_measure_is_cut(header: str) -> None:
    again = limited("slowly", header).not_before
    assert again is not None
    assert again - datetime.now(UTC) <= LONGEST_REFUSAL


@pytest.mark.parametrize(
    ("words", "header"),
    [
        ("slowly", "\N{SUPERSCRIPT TWO}"),
        ("slowly", "Fri, 31 Dec 9999 23:59:59 -1400"),
        ("retry after 2026-99-99T00:00:00Z", None),
        ("retry after 2026-02-30 10:00:00 UTC", None),
        ("retry after 0000-00-00 00:00:00", None),
    ],
)
def test_a_moment_that_is_none_is_passed_over(words: str, header: str | None) -> None:
    assert limited(words, header).not_before is None


@pytest.mark.parametrize(
    "problem",
    [
        {"type": 5, "detail": ["no"]},
        {"type": None, "detail": None},
        {"type": f"{messages.ERROR_PREFIX}userActionRequired", "detail": 5},
        {"type": f"{messages.ERROR_PREFIX}compound", "subproblems": [{"type": 5, "detail": {}}]},
    ],
    ids=repr,
)
def test_a_refusal_whose_parts_are_of_other_kinds_is_told(problem: dict[str, object]) -> None:
    refused = refusal("order a certificate", "ca.example", messages.Error.from_json(problem))
    assert refused.what.startswith("cannot order a certificate: ca.example says ")
    assert refused.hint


@pytest.mark.parametrize("body", [[], None, 5, {"status": 5}, {"expires": "never"}], ids=repr)
def test_an_object_of_another_shape_is_no_acme(body: object) -> None:
    with pytest.raises(Trouble, match="answers what is no ACME") as caught, told("order", "x"):
        order = messages.Order.from_json(body)
        list(order.authorizations)
    assert "a part of it is missing, or of another kind" in caught.value.what


def test_a_page_in_place_of_json_is_no_silence() -> None:
    with pytest.raises(Trouble, match="answers what is no ACME"), told("order", "x"):
        raise requests.exceptions.JSONDecodeError("no", "<html>", 0)


def test_an_authorization_without_challenges_is_told() -> None:
    body = messages.Authorization(status=messages.STATUS_INVALID)
    failed = messages.AuthorizationResource(body=body, uri="x")
    with pytest.raises(AuthorityRefused, match="could not see that"), told("order", "x"):
        raise errors.ValidationError([failed])


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


def test_the_cure_of_a_part_is_the_cure() -> None:
    name = messages.Identifier(typ=messages.IDENTIFIER_FQDN, value="home.example")
    part = messages.Error.with_code("caa", detail="forbidden", identifier=name)
    whole = messages.Error.with_code("compound", detail="see below", subproblems=(part,))
    assert "greygate dns check" in refusal("order", "ca.example", whole).hint


@pytest.mark.parametrize("code", [*messages.ERROR_CODES, "userActionRequired", "new"])
def test_every_refusal_has_a_next_step(code: str) -> None:
    typ = f"{messages.ERROR_PREFIX}{code}"
    problem = messages.Error.from_json({"type": typ, "detail": "no"})
    refused = refusal("order a certificate", "ca.example", problem)
    assert refused.hint
    assert (refused.code, "dry-run" in refused.hint) != ("unauthorized", True)


def test_a_limit_without_an_end_may_wait_for_an_act() -> None:
    """Let's Encrypt's words about an account that it has paused."""
    page = "https://ca.example/unpause?jwt=x"
    refused = limited(f"Your account is temporarily prevented from requesting, visit: {page}")
    assert refused.not_before is None
    assert page in refused.what
    assert "open that first, then: greygate cert issue" in refused.hint


def test_what_is_wanted_of_the_operator_is_said_with_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terms = "https://ca.example/terms"
    monkeypatch.setattr(
        Page,
        "answer",
        (
            403,
            {"type": "urn:ietf:params:acme:error:userActionRequired", "instance": terms},
        ),
    )
    with served(tmp_path, -DAY / 2) as url:
        monkeypatch.setenv(TRUST, str(tmp_path / "both.pem"))
        with pytest.raises(AuthorityRefused) as caught, told("read it", url):
            Network(None).get(url)
    assert caught.value.hint == f"open {terms}, do what it asks, then: greygate cert issue"


@pytest.mark.parametrize("days", [-5, 5])
def test_the_authority_s_clock_is_read(
    days: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Page, "ahead", -days * 86400)
    with served(tmp_path, -DAY / 2) as url:
        monkeypatch.setenv(TRUST, str(tmp_path / "both.pem"))
        network = Network(None)
        with pytest.raises(Trouble), told("read it", url):
            network.get(url)
    assert network.clock_ahead is not None
    assert abs(network.clock_ahead - days * DAY) < timedelta(minutes=1)


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
    answer: ClassVar[tuple[int, object]] = (200, "<html>")
    ahead = 0.0  # seconds of its clock

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.ahead)

    def do_GET(self) -> None:
        status, body = self.answer
        self.send_response(status)
        if status != 200:
            self.send_header("Content-Type", "application/problem+json")
        self.end_headers()
        self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())

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
