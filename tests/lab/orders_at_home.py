"""Run on home, by the Python of our program: says to an edge's agent what our commands never say.

    orders_at_home.py [NAME]      the edge's token comes on stdin

Without NAME it says what should not be obeyed; with it, what another copy of this home might say:
that the edge let NAME in, too. One line of JSON tells what became of each attempt.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from greygate.identity import edge_keys
from greygate.plan import orders
from greygate.plan.edges import AGENT_PORT
from greygate.plan.orders import Challenge, Done, Order, Verb
from greygate.plan.paths import Paths
from greygate.plan.token import Token, for_order, read
from greygate.probe import channel

PATHS = Paths.below(PurePosixPath("/var/lib/greygate"), PurePosixPath("/run/greygate"))
HOME, THIEF = edge_keys.site_key(PATHS), Ed25519PrivateKey.generate()
LARGEST = orders.LARGEST_ANSWER
TOO_MANY = 100  # names: HAProxy takes 64 words on a line


class Edge:
    """Its agent, spoken to over the overlay."""

    def __init__(self, token: Token, verb: Verb) -> None:
        self._token = token
        self._verb = verb
        self._recorded = b""

    def obeys(self, **other: str | int | bytes) -> str:
        """What it answers to an order that home signed, but for what is other in it."""
        challenge, channel_ = self._opened()
        order = Order(
            site=challenge.site,
            edge=challenge.edge,
            nonce=challenge.nonce,
            serial=challenge.serial,
            verb=self._verb,
            body=b"{}",
        )
        self._recorded = orders.signed(replace(order, **other), HOME)  # type: ignore[arg-type]
        return self._answer(channel_, self._recorded)

    def obeys_again(self) -> str:
        """What it answers to the last order, octet for octet."""
        return self._answer(self._opened()[1], self._recorded)

    def obeys_thief(self) -> str:
        challenge, channel_ = self._opened()
        order = Order(
            site=challenge.site,
            edge=challenge.edge,
            nonce=challenge.nonce,
            serial=challenge.serial,
            verb=self._verb,
        )
        return self._answer(channel_, orders.signed(order, THIEF))

    def _opened(self) -> tuple[Challenge, socket.socket]:
        until = time.monotonic() + 30
        there = socket.create_connection((str(self._token.address), AGENT_PORT), 10)
        channel.write(there, orders.opening(self._verb), until=until)
        return orders.challenged(channel.read(there, largest=LARGEST, until=until)), there

    def _answer(self, there: socket.socket, said: bytes) -> str:
        until = time.monotonic() + 60
        with there:
            channel.write(there, said, until=until)
            answer = orders.answered(channel.read(there, largest=LARGEST, until=until))
        return "done" if isinstance(answer, Done) else answer.reason.value


def attempts(token: Token) -> Iterator[tuple[str, str]]:
    for verb in (Verb.STATUS, Verb.APPLY):
        edge = Edge(token, verb)
        yield f"{verb.value} signed", edge.obeys()
        yield f"{verb.value} again", edge.obeys_again()
        yield f"{verb.value} by a thief", edge.obeys_thief()
        yield f"{verb.value} for another", edge.obeys(edge="edge9")
        yield f"{verb.value} older", edge.obeys(serial=token.serial - 1)
    names = tuple(f"{place}.example" for place in range(TOO_MANY))
    tenant = replace(token.tenants[0], names=names)
    unusable = replace(token, serial=token.serial + 1, tenants=(tenant,))
    body = json.dumps(for_order(unusable)).encode()
    yield "apply unusable", Edge(token, Verb.APPLY).obeys(serial=unusable.serial, body=body)


def another_copy(token: Token, name: str) -> Iterator[tuple[str, str]]:
    tenant = replace(token.tenants[0], names=(*token.tenants[0].names, name))
    newer = replace(token, serial=token.serial + 1, tenants=(tenant,))
    body = json.dumps(for_order(newer)).encode()
    yield "apply", Edge(token, Verb.APPLY).obeys(serial=newer.serial, body=body)


def main() -> None:
    token = read(sys.stdin.read())
    told = another_copy(token, sys.argv[1]) if sys.argv[1:] else attempts(token)
    sys.stdout.write(json.dumps(dict(told)))


if __name__ == "__main__":
    main()
