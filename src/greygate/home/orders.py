"""Home speaks with the agent of an edge: one connection over the overlay, one signed order."""

from __future__ import annotations

import json
import socket
import time
from ipaddress import IPv6Address

from greygate.home.edges import token_for
from greygate.home.half import Home
from greygate.identity import edge_keys
from greygate.plan import orders
from greygate.plan.edges import AGENT_PORT, EdgeLink
from greygate.plan.orders import Answer, Order, Reason, Refused, Verb
from greygate.plan.token import Token, for_order
from greygate.probe import channel
from greygate.probe.answers import NoAnswer
from greygate.text import _

REACHED = 2.5  # seconds for the edge to take a connection; a round trip is a tenth of one
AGAIN = 0.5  # seconds between two attempts
SAID = 15.0  # seconds for a challenge: the agent is started for it
WORK = 120.0  # seconds for what is carried out


def give(
    home: Home, link: EdgeLink, verb: Verb, *, body: bytes = b"", patience: float = REACHED
) -> Answer | NoAnswer:
    """Have the edge do it; NoAnswer where it could not be asked. `patience`: to reach it."""
    token = token_for(home, link.edge.id)
    answer = _given(home, link, token, verb, body, patience)
    if not (isinstance(answer, Refused) and answer.reason is Reason.OLDER and verb.privileged):
        return answer
    # Another copy of this home spoke to it before; what is said last holds, so it is said again.
    token = token_for(home, link.edge.id, above=answer.serial)
    return _given(home, link, token, verb, body, patience)


def _given(
    home: Home, link: EdgeLink, token: Token, verb: Verb, body: bytes, patience: float
) -> Answer | NoAnswer:
    if verb is Verb.APPLY:
        body = json.dumps(for_order(token)).encode()
    try:
        with _reached(home, link, patience) as edge:
            return _spoken(edge, home, token, verb, body)
    except ConnectionRefusedError:
        return NoAnswer(_("it has no agent: let it join again with a newer greygate"))
    except TimeoutError:
        return NoAnswer(_("no answer over the overlay"))
    except (channel.Broken, ConnectionResetError, BrokenPipeError):
        return NoAnswer(_("its agent hung up: it may obey another home, or have ended early"))
    except (OSError, ValueError) as problem:
        return NoAnswer(getattr(problem, "strerror", None) or str(problem))


def _spoken(edge: socket.socket, home: Home, token: Token, verb: Verb, body: bytes) -> Answer:
    until = time.monotonic() + SAID
    channel.write(edge, orders.opening(verb), until=until)
    content = channel.read(edge, largest=orders.LARGEST_ANSWER, until=until)
    try:
        said = orders.challenged(content)
    except ValueError:
        return orders.answered(content)  # it does not even want to hear the order
    order = Order(
        site=token.site,
        edge=token.edge,
        nonce=said.nonce,
        serial=token.serial,
        verb=verb,
        body=body,
    )
    until = time.monotonic() + WORK
    key = edge_keys.site_key(home.plan.paths)
    channel.write(edge, orders.signed(order, key), until=until)
    return orders.answered(channel.read(edge, largest=orders.LARGEST_ANSWER, until=until))


def _reached(home: Home, link: EdgeLink, patience: float) -> socket.socket:
    """A connection from the one address that the edge listens to."""
    ends_at = time.monotonic() + patience
    source = home.plan.addresses[0]
    assert isinstance(source, IPv6Address), "edges are there on the overlay only"
    while True:
        try:
            return socket.create_connection(
                (str(link.address), AGENT_PORT),
                timeout=max(0.1, min(REACHED, ends_at - time.monotonic())),
                source_address=(str(source), 0),
            )
        except ConnectionRefusedError:
            raise
        except OSError:
            if time.monotonic() + AGAIN > ends_at:
                raise
            time.sleep(AGAIN)
