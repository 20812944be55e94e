"""Synapse's own resolver, asked about invented worlds; it runs in Synapse's environment.

Reads a world a line (JSON), writes a line with where Synapse connects to, in its order, and what it
says there: the name in its ClientHello, and Host in the request inside. Everything is Synapse's
own and Twisted's but the network.
"""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

from netaddr import IPSet
from OpenSSL import SSL
from synapse.crypto.context_factory import FederationPolicyForHTTPS
from synapse.http.federation.matrix_federation_agent import MatrixFederationAgent
from synapse.http.federation.srv_resolver import SrvResolver
from synapse.http.federation.well_known_resolver import WellKnownResolver
from synapse.util.clock import Clock
from synapse.util.stringutils import parse_and_validate_server_name
from twisted.internet import defer, reactor
from twisted.internet.abstract import isIPAddress, isIPv6Address
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectionRefusedError, DNSLookupError
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.names import dns, error
from twisted.python.failure import Failure
from twisted.web.client import URI, ResponseDone
from twisted.web.http_headers import Headers

FAILURES = {
    "SERVFAIL": error.DNSServerError,
    "REFUSED": error.DNSQueryRefusedError,
    "NOTIMP": error.DNSNotImplementedError,
    "FORMERR": error.DNSFormatError,
}
ROUNDS = 1000  # of anything that should end sooner
UNTIL_NEXT = 0.5  # seconds of the invented clock: the next address is tried after 0.3
US = "oracle.example"


class Names:
    """A DNS of tables: for twisted.names (SRV) and for the reactor (addresses)."""

    def __init__(self, world: dict[str, Any]) -> None:
        self.services = world["services"]
        self.addresses = world["addresses"]

    def lookupService(self, name: bytes) -> Any:
        found = self.services.get(_bare(name.decode("ascii")), "NXDOMAIN")
        match found:
            case "NXDOMAIN":
                return defer.fail(error.DNSNameError())
            case "NODATA":
                return defer.succeed(([], [], []))
            case "time-out":
                return defer.fail(error.DNSQueryTimeoutError(1))
            case str():
                return defer.fail(FAILURES[found]())
        records = [dns.RRHeader(name, dns.SRV, ttl=60, payload=_service(*it)) for it in found]
        return defer.succeed((records, [], []))

    def resolveHostName(self, receiver: Any, name: str, portNumber: int = 0, *_more: Any) -> Any:
        receiver.resolutionBegan(None)
        literal = isIPAddress(name) or isIPv6Address(name)
        host = name if name.isascii() else name.encode("idna").decode()  # as getaddrinfo does
        for address in [name] if literal else self.addresses.get(_bare(host), []):
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, portNumber))
        receiver.resolutionComplete()


class Pages:
    """The web of tables, below Twisted's own RedirectAgent."""

    def __init__(self, documents: dict[str, Any]) -> None:
        self.documents = documents

    def request(self, _method: bytes, uri: bytes, *_more: Any) -> Any:
        if HostnameEndpoint._hostAsBytesAndText(URI.fromBytes(uri).host)[0]:
            return defer.fail(ValueError("invalid hostname"))  # as it does when it connects
        found = self.documents.get(uri.decode("ascii"))
        return defer.fail(DNSLookupError()) if found is None else defer.succeed(Page(found))


class Page:
    """A response of Twisted's."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.code = found["status"]
        self.body = found["body"].encode("utf-8")
        self.length = len(self.body)
        self.headers = Headers({name: [value] for name, value in found["headers"].items()})

    def setPreviousResponse(self, _response: object) -> None:
        return None

    def deliverBody(self, protocol: Any) -> None:
        protocol.transport = SimpleNamespace(abortConnection=lambda: None)
        protocol.dataReceived(self.body)
        protocol.connectionLost(Failure(ResponseDone()))


class Request:
    """One request of Synapse's into a world."""

    def __init__(self, world: dict[str, Any], policy: FederationPolicyForHTTPS) -> None:
        self.reactor = MemoryReactorClock()
        self.reactor.nameResolver = names = Names(world)
        self.failure: Failure | None = None
        parse_and_validate_server_name(world["name"])  # as MatrixFederationHttpClient does first
        clock = Clock(self.reactor, server_name=US)
        agent = MatrixFederationAgent(
            server_name=US,
            reactor=self.reactor,
            clock=clock,
            tls_client_options_factory=policy,
            user_agent=b"oracle",
            ip_allowlist=None,
            ip_blocklist=IPSet(),
            _srv_resolver=SrvResolver(dns_client=names, cache={}),
            _well_known_resolver=WellKnownResolver(
                US, self.reactor, clock, Pages(world["documents"]), b"oracle"
            ),
        )
        uri = b"matrix-federation://" + world["name"].encode("ascii") + b"/_matrix/federation/v1"
        agent.request(b"GET", uri).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        self.failure = failure

    def places(self) -> list[list[Any]]:
        """Where it connects to, one after another, when every connection is refused."""
        tried: list[list[Any]] = []
        for _round in range(ROUNDS):
            if self.failure is not None:
                return tried
            for host, port, factory, *_more in self.reactor.tcpClients[len(tried) :]:
                tried.append([host, port])
                factory.clientConnectionFailed(None, Failure(ConnectionRefusedError()))
            self.reactor.advance(UNTIL_NEXT)
        raise RuntimeError("Synapse goes on and on")

    def said(self, server: SSL.Context) -> dict[str, Any]:
        """What it says where it connects first: the name in TLS, and Host."""
        _host, _port, factory, *_more = self.reactor.tcpClients[0]
        wire, protocol = StringTransport(), factory.buildProtocol(None)
        wire.setTcpNoDelay = lambda _on: None
        protocol.makeConnection(wire)
        peer = SSL.Connection(server, None)
        peer.set_accept_state()
        request = b""
        for _round in range(ROUNDS):
            if b"\r\n\r\n" in request:
                break
            with suppress(SSL.WantReadError):  # it says so to an empty write, too
                peer.bio_write(wire.value())
            wire.clear()
            with suppress(SSL.WantReadError):
                request += peer.recv(65536)
            with suppress(SSL.WantReadError):
                protocol.dataReceived(peer.bio_read(65536))
            reactor.runUntilCurrent()  # Twisted gathers small writes by the real reactor's clock
        name = peer.get_servername()
        lines = request.decode("latin-1").split("\r\n")
        host = next(line[6:] for line in lines if line.lower().startswith("host: "))
        return {"sni": None if name is None else name.decode("ascii"), "host": host}


def answer(
    world: dict[str, Any], policy: FederationPolicyForHTTPS, server: SSL.Context
) -> dict[str, Any]:
    """Where Synapse goes in this world and what it says there; without places, why not."""
    try:
        request = Request(world, policy)
        places = request.places()
    except ValueError as problem:
        return {"places": [], "why": str(problem)}
    if not places:
        return {"places": [], "why": repr(request.failure)}
    return {"places": places, **Request(world, policy).said(server)}


def _policy() -> FederationPolicyForHTTPS:
    tls = SimpleNamespace(
        federation_ca_trust_root=None,
        federation_client_minimum_tls_version="1.2",
        federation_verify_certificates=False,  # names are compared here, not certificates
        federation_certificate_verification_whitelist=[],
    )
    return FederationPolicyForHTTPS(SimpleNamespace(tls=tls))


def _server(file: str) -> SSL.Context:
    context = SSL.Context(SSL.TLS_METHOD)
    context.use_certificate_file(file)
    context.use_privatekey_file(file)
    return context


def _service(priority: int, weight: int, port: int, target: str) -> dns.Record_SRV:
    return dns.Record_SRV(priority, weight, port, target.encode("ascii"))


def _bare(name: str) -> str:
    return name.removesuffix(".").lower()


def main() -> None:
    logging.disable()
    policy, server = _policy(), _server(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line), policy, server)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
