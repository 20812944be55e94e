"""The unprivileged half of an edge's agent: started by systemd for one connection, then gone.

    python -m greygate.edge.agent [--check] STANDING      the connection is stdin

It speaks with home's overlay address and nobody else, answers what needs no rights, and hands the
rest to root's half: the opening, root's own challenge, and an order that answers it. It looks at
the signature first, so that nothing unsigned comes before root.
"""

from __future__ import annotations

import json
import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from pathlib import Path, PurePosixPath
from typing import Any

from greygate.errors import Trouble
from greygate.plan import orders
from greygate.plan.orders import Answer, Challenge, Done, Order, Reason, Refused, Verb
from greygate.probe import channel
from greygate.text import _

PATIENCE = 15.0  # seconds for home to say what it wants; a round trip is a tenth of one
WORK = 110.0  # seconds for root's half; a second measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What this edge is, as far as its agent may know: no secret is in it."""

    version: str
    site: str
    edge: str
    serial: int
    digest: str
    verify_key: str
    homes: tuple[IPv6Address, ...]
    ports: tuple[int, ...]
    orders: PurePosixPath
    state: PurePosixPath
    address: IPv6Address
    interface: str
    names_port: int | None  # of its name server, where it is one
    filters: PurePosixPath  # what root has listed of this machine's packet filters


Act = Callable[[Standing, Order], Answer]


def standing(path: Path) -> Standing:
    """What was rendered for the agent."""
    told: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    return Standing(
        version=str(told["version"]),
        site=str(told["site"]),
        edge=str(told["edge"]),
        serial=int(told["serial"]),
        digest=str(told["digest"]),
        verify_key=str(told["verify_key"]),
        homes=tuple(map(IPv6Address, told["homes"])),
        ports=tuple(map(int, told["ports"])),
        orders=PurePosixPath(told["orders"]),
        state=PurePosixPath(told["state"]),
        address=IPv6Address(told["address"]),
        interface=str(told["interface"]),
        names_port=None if told["names_port"] is None else int(told["names_port"]),
        filters=PurePosixPath(told["filters"]),
    )


def serve(home: socket.socket, here: Standing, *, peer: str, acts: Mapping[Verb, Act]) -> None:
    """One connection; whoever is not home hears nothing at all."""
    if ip_address(peer.partition("%")[0]) not in here.homes:
        return
    until = time.monotonic() + PATIENCE
    opening = channel.read(home, largest=orders.LARGEST_OPENING, until=until)
    try:
        verb = orders.opened(opening)
    except ValueError as problem:
        _answer(home, Refused(Reason.UNREADABLE, _("cannot read it: {why}").format(why=problem)))
        return
    if verb.privileged:
        _answer(home, _handed_on(home, here, verb, opening, until))
        return
    order = _ordered(home, here, verb, until)
    _answer(home, order if isinstance(order, Refused) else acts[verb](here, order))


def _ordered(home: socket.socket, here: Standing, verb: Verb, until: float) -> Order | Refused:
    said = Challenge(
        site=here.site,
        edge=here.edge,
        serial=here.serial,
        nonce=secrets.token_hex(orders.NONCE),
    )
    channel.write(home, orders.challenge(said), until=until)
    content = channel.read(home, largest=orders.LARGEST_ORDER, until=until)
    return orders.checked(content, said, verb=verb, verify_key=here.verify_key)


def _handed_on(
    home: socket.socket, here: Standing, verb: Verb, opening: bytes, until: float
) -> Answer:
    """Root's half makes a challenge of its own: a recorded order is worthless to it, too."""
    with socket.socket(socket.AF_UNIX) as root:
        try:
            root.settimeout(PATIENCE)
            root.connect(str(here.orders))
            channel.write(root, opening, until=until)
            said = channel.read(root, largest=orders.LARGEST_OPENING, until=until)
            channel.write(home, said, until=until)
            content = channel.read(home, largest=orders.LARGEST_ORDER, until=until)
            found = orders.checked(
                content, orders.challenged(said), verb=verb, verify_key=here.verify_key
            )
            if isinstance(found, Refused):
                return found
            ends = time.monotonic() + WORK
            channel.write(root, content, until=ends)
            return orders.answered(channel.read(root, largest=orders.LARGEST_ANSWER, until=ends))
        except (OSError, ValueError) as problem:
            return Refused(
                Reason.CANNOT,
                _("cannot hand the order to root's half: {why}").format(why=problem),
                _("see there: journalctl -u 'greygate-orders@*'"),
            )


def _answer(home: socket.socket, given: Answer) -> None:
    channel.write(home, orders.answer(given), until=time.monotonic() + PATIENCE)


def _status(here: Standing, order: Order) -> Answer:
    from greygate.edge.condition import look  # what is not asked for need not be loaded
    from greygate.plan.edge_state import told

    return Done(told(look(here)))


def _probe(here: Standing, order: Order) -> Answer:
    from greygate.edge.asking import asked
    from greygate.plan.questions import read

    try:
        question = read(json.loads(order.body))
    except ValueError as problem:
        return Refused(Reason.UNREADABLE, _("cannot ask that: {why}").format(why=problem))
    try:
        return Done(asked(question))
    except Trouble as trouble:
        return Refused(Reason.CANNOT, trouble.what, trouble.hint)


ACTS: Mapping[Verb, Act] = {Verb.STATUS: _status, Verb.PROBE: _probe}


def main(argv: Sequence[str]) -> int:
    here = standing(Path(argv[-1]))
    if "--check" in argv:
        return 0
    with socket.socket(fileno=0) as home:
        try:
            serve(home, here, peer=home.getpeername()[0], acts=ACTS)
        except OSError as broken:  # it went away, or said too much: nobody is left to be told
            sys.stderr.write(f"a connection ended early: {broken}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
