"""Sockets: DNS by datagrams and streams, the API over HTTP or HTTPS."""

from __future__ import annotations

import json
import socket
import socketserver
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dns.exception
import dns.message

from .api import Api
from .zone import Zone

PATIENCE = 5.0  # seconds that a client may be silent
METHODS = {"/register": "POST", "/update": "POST", "/health": "GET"}

Place = tuple[str, int]


def serve_names(zone: Zone, place: Place) -> None:
    """Answer for the zone, over UDP and TCP, for as long as the program runs."""
    _serve(socketserver.ThreadingUDPServer, place, _datagrams(zone))
    _serve(socketserver.ThreadingTCPServer, place, _streams(zone))


def serve_api(
    api: Api, place: Place, *, client_header: str | None, tls: ssl.SSLContext | None
) -> None:
    """Answer over HTTP; `client_header` is believed to tell who asks, behind a proxy."""

    class Web(_Web):
        pass

    Web.api, Web.client_header = api, client_header
    _serve(ThreadingHTTPServer, place, Web, tls)


def _serve(
    kind: type[socketserver.TCPServer],
    place: Place,
    handler: type[socketserver.BaseRequestHandler],
    tls: ssl.SSLContext | None = None,
) -> None:
    server = kind(place, handler, bind_and_activate=False)
    server.socket.close()
    server.socket = _socket(place, kind.socket_type)
    server.allow_reuse_address = True
    # Not the web server's own way of binding, which asks for the name of the address.
    socketserver.TCPServer.server_bind(server)
    server.server_activate()
    if tls:  # whoever dawdles over the handshake holds up his own thread only
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    threading.Thread(target=server.serve_forever).start()


def _socket(place: Place, kind: int) -> socket.socket:
    if ":" not in place[0]:
        return socket.socket(socket.AF_INET, kind)
    made = socket.socket(socket.AF_INET6, kind)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)  # both families, as Go's
    return made


def _datagrams(zone: Zone) -> type[socketserver.BaseRequestHandler]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            packet, channel = self.request
            if reply := _reply(zone, packet):
                channel.sendto(reply, self.client_address)

    return Handler


def _streams(zone: Zone) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        timeout = PATIENCE

        def handle(self) -> None:
            while len(size := self.rfile.read(2)) == 2:
                reply = _reply(zone, self.rfile.read(struct.unpack("!H", size)[0]))
                if reply is None:
                    return
                self.wfile.write(struct.pack("!H", len(reply)) + reply)

    return Handler


def _reply(zone: Zone, packet: bytes) -> bytes | None:
    try:
        return zone.answer(dns.message.from_wire(packet)).to_wire()
    except dns.exception.DNSException:
        return None


class _Web(BaseHTTPRequestHandler):
    """One connection to the API."""

    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    api: Api
    client_header: str | None

    def do_GET(self) -> None:
        if self._is_here():
            self._send(200, b"", "text/plain")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not self._is_here():
            return
        if self.path == "/register":
            status, said = self.api.register(body)
        else:
            user, key = (self.headers.get(f"X-Api-{it}", "") for it in ("User", "Key"))
            status, said = self.api.update(user, key, self._clients(), body)
        self._send(status, json.dumps(said).encode(), "application/json")

    def _is_here(self) -> bool:
        wanted = METHODS.get(self.path)
        if wanted is None or (self.path == "/register" and not self.api.registers):
            self._send(404, b"404 page not found\n", "text/plain; charset=utf-8")
            return False
        if wanted != self.command:
            self._send(405, b"Method Not Allowed\n", "text/plain; charset=utf-8")
        return wanted == self.command

    def _clients(self) -> tuple[str, ...]:
        if self.client_header is None:
            return (self.client_address[0],)
        listed = self.headers.get(self.client_header, "").split(",")
        return tuple(it.strip() for it in listed if it)

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
