"""One cheap stranger who has many addresses: runs on a host of the lab, against the lab alone.

    python3 flood.py KIND ADDRESS NAME STRIDE SUBNETS EACH SECONDS

From so many /64 of a /48, so far apart, so many connections each, for so many seconds and no
longer; what is ended is tried again after a while. Tells as JSON what came of them. KIND:

    silence  connects and says nothing
    hello    says hello, and nothing more
    get      a GET that promises a body, dripped
    put      a signed-looking PUT whose small body is dripped
    large    the same with 3 MB
    json     PUTs of SIZE octets of "{}", as fast as they are taken (SIZE after SECONDS)
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
import time
from collections import Counter
from contextlib import suppress

MOST = 1200  # connections, whatever is asked for
LONGEST = 120.0  # seconds
PAUSE = 2.0  # after a refusal
PATIENCE = 10.0  # until a connection comes about
DRIP = 5.0
SIGNATURE = 'X-Matrix origin="nobody.example",destination="{name}",key="ed25519:a",sig="x"'
NETWORK, FIRST = "2001:db8:30:", 0x8000  # test_strangers.py has it routed here
IPV6_FREEBIND = 78


class Stranger:
    """What all connections share."""

    def __init__(self, kind: str, address: str, name: str, size: int) -> None:
        self.kind, self.address, self.name, self.size = kind, address, name, size
        self.ends_at = 0.0
        self.came: Counter[str] = Counter()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    async def slot(self, source: str) -> None:
        """One connection after another, until the time is over."""
        while (left := self.ends_at - time.monotonic()) > 0:
            came = "held to the end"
            try:
                came = await asyncio.wait_for(self._once(source), left)
            except TimeoutError:
                pass
            except OSError as problem:
                came = f"broken {type(problem).__name__}"
            self.came[came] += 1
            await asyncio.sleep(min(PAUSE, max(0.0, self.ends_at - time.monotonic())))

    async def _once(self, source: str) -> str:
        plain = socket.socket(socket.AF_INET6)
        plain.setblocking(False)
        plain.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
        plain.bind((source, 0))
        try:
            async with asyncio.timeout(PATIENCE):
                await asyncio.get_running_loop().sock_connect(plain, (self.address, 8448))
        except BaseException as problem:
            plain.close()
            if isinstance(problem, TimeoutError):
                return "lost"
            raise
        secured = self.kind not in ("silence", "hello")
        reader, writer = await asyncio.open_connection(  # the socket is its own from here on
            sock=plain,
            ssl=self.tls if secured else None,
            server_hostname=self.name if secured else None,
        )
        try:
            return await self._say(reader, writer)
        finally:
            writer.transport.abort()

    async def _say(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        if self.kind == "hello":
            writer.write(self._hello())
        dripping = None
        if self.kind in ("get", "put", "large", "json"):
            writer.write(self._head())
            dripping = asyncio.ensure_future(self._body(writer))
        try:
            line = await reader.read(4096)
            if self.kind == "hello" and line:  # the server's half of the handshake
                line = await reader.read()
        finally:
            if dripping:
                dripping.cancel()
        return line.split(b"\r\n")[0].decode("latin-1") if line.startswith(b"HTTP") else "ended"

    def _head(self) -> bytes:
        target = "version" if self.kind == "get" else "send/1"
        method = "GET" if self.kind == "get" else "PUT"
        lengths = {"get": 15_900_000, "put": 1000, "large": 3_000_000, "json": self.size}
        return "\r\n".join(
            (
                f"{method} /_matrix/federation/v1/{target} HTTP/1.1",
                f"Host: {self.name}",
                *(() if self.kind == "get" else (f"Authorization: {self._signature()}",)),
                f"Content-Length: {lengths[self.kind]}",
                *("", ""),
            )
        ).encode()

    def _signature(self) -> str:
        return SIGNATURE.format(name=self.name)

    async def _body(self, writer: asyncio.StreamWriter) -> None:
        if self.kind == "json":
            braces = b"{}," * ((self.size - 20) // 3)
            writer.write(b'{"pdus":[' + braces + b"{}]}".rjust(self.size - 9 - len(braces)))
            await writer.drain()
            return
        if self.kind == "large":
            writer.write(b" " * 40_000)
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(DRIP)

    def _hello(self) -> bytes:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        half = self.tls.wrap_bio(incoming, outgoing, server_hostname=self.name)
        with suppress(ssl.SSLWantReadError):
            half.do_handshake()
        return outgoing.read()


async def main() -> None:
    kind, address, name, stride, subnets, each, seconds, *size = sys.argv[1:]
    stranger = Stranger(kind, address, name, int(size[0]) if size else 0)
    stranger.ends_at = time.monotonic() + min(float(seconds), LONGEST)
    networks = [f"{NETWORK}{FIRST + it * int(stride):x}::1" for it in range(int(subnets))]
    sources = [it for it in networks for _each in range(int(each))]
    await asyncio.gather(*(stranger.slot(it) for it in sources[:MOST]))
    sys.stdout.write(json.dumps(stranger.came))


if __name__ == "__main__":
    asyncio.run(main())
