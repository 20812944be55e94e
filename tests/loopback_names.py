"""A DNS server and a web server on loopback: real packets, invented names."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path
from threading import Thread

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

from greygate.plan.plan import CertificateNames
from greygate.probe.dns import Place
from own_certificate import self_signed

HERE = IPv4Address("127.0.0.1")
SILENT = None

# By (name, type): the lines of its records, an error code, or SILENT; a name of its own type CNAME
# is followed. A name without any is not there.
Zone = Mapping[tuple[str, str], tuple[str, ...] | dns.rcode.Rcode | None]


@contextmanager
def name_server(zone: Zone) -> Iterator[Place]:
    """Answers as a resolver would, over UDP, until the block ends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind((str(HERE), 0))
        channel.settimeout(0.1)
        place = (HERE, int(channel.getsockname()[1]))
        stop = False

        def serve() -> None:
            while not stop:
                with suppress(TimeoutError):
                    question, asker = channel.recvfrom(4096)
                    answer = _answer(dns.message.from_wire(question), zone)
                    if answer is not None:
                        channel.sendto(answer.to_wire(), asker)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield place
        finally:
            stop = True
            thread.join(5)


def _answer(question: dns.message.Message, zone: Zone) -> dns.message.Message | None:
    answer = dns.message.make_response(question, recursion_available=True)
    (asked,) = question.question
    name, kind = (
        asked.name.to_text(omit_final_dot=True).lower(),
        dns.rdatatype.to_text(asked.rdtype),
    )
    if (name, "CNAME") in zone:
        (target,) = _lines(zone, name, "CNAME")
        answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", target))
        name = target.removesuffix(".")
    match zone.get((name, kind), ()):
        case None:
            return None
        case dns.rcode.Rcode() as code:
            answer.set_rcode(code)
        case ():
            if not any(known == name for known, _kind in zone):
                answer.set_rcode(dns.rcode.NXDOMAIN)
        case lines:
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", kind, *lines))
    return answer


def _lines(zone: Zone, name: str, kind: str) -> tuple[str, ...]:
    lines = zone[name, kind]
    assert isinstance(lines, tuple)
    return lines


# By (host, path): status, headers, body.
Pages = Mapping[tuple[str, str], tuple[int, Mapping[str, str], bytes]]


class WebServer:
    """HTTPS for some names, with a certificate that only `trust` believes."""

    def __init__(self, pages: Pages, directory: Path, *, names: tuple[str, ...]) -> None:
        certificate, key = self_signed(CertificateNames(names, (HERE,)))
        both = directory / "web.pem"
        both.write_bytes(certificate + key)
        self.trust = ssl.create_default_context(cadata=certificate.decode("ascii"))
        self.asked: list[tuple[str | None, str]] = []  # the name in TLS, and Host
        self._server = ThreadingHTTPServer((str(HERE), 0), _handler(pages, self.asked))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(both)
        context.sni_callback = lambda channel, name, _context: setattr(channel, "asked", name)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = int(self._server.server_address[1])

    @contextmanager
    def serving(self) -> Iterator[WebServer]:
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join(5)


def _handler(pages: Pages, seen: list[tuple[str | None, str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host = self.headers["Host"]
            seen.append((getattr(self.connection, "asked", None), host))
            name = host.rpartition(":")[0] or host
            status, headers, body = pages.get((name, self.path), (404, {}, b"{}"))
            time.sleep(float(headers.get("X-Wait", 0)))
            self.send_response(status)
            for header in headers.items():
                self.send_header(*header)
            self.end_headers()
            with suppress(OSError):  # who asks may have read enough
                self.wfile.write(body)

        def log_message(self, *_words: object) -> None:
            return None

    return Handler
