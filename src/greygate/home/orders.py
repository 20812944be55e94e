"""Home speaks with the agent of an edge: one connection over the overlay, one signed order."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from ipaddress import IPv6Address

from greygate.home.edges import is_made_up, issue_token, issued
from greygate.home.half import Home
from greygate.identity import edge_keys
from greygate.plan import orders
from greygate.plan.edges import AGENT_PORT, EdgeLink
from greygate.plan.orders import Answer, Order, Reason, Refused, Verb
from greygate.plan.token import for_order, site_id
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
    wanted = _wanted(home, link, verb, body)
    answer = _given(home, link, wanted, patience)
    if not (isinstance(answer, Refused) and answer.reason is Reason.OLDER and verb.privileged):
        return answer
    if is_made_up(home.plan.paths, link.edge.id, answer.serial):
        return answer
    # Another copy of this home spoke to it before; what is said last holds, so it is said again.
    return _given(home, link, _wanted(home, link, verb, body, above=answer.serial), patience)


def _wanted(home: Home, link: EdgeLink, verb: Verb, body: bytes, *, above: int = 0) -> Order:
    """The order but for its nonce; what only looks issues nothing."""
    edge = link.edge.id
    if verb.privileged:
        token = issue_token(home, edge, above=above)
        serial = token.serial
        body = json.dumps(for_order(token)).encode() if verb is Verb.APPLY else body
    else:
        serial = issued(home.plan.paths, edge).serial
    site = site_id(edge_keys.verify_key(home.plan.paths))
    return Order(site=site, edge=edge, nonce="", serial=serial, verb=verb, body=body)


def _given(home: Home, link: EdgeLink, wanted: Order, patience: float) -> Answer | NoAnswer:
    try:
        with _reached(home, link, patience) as edge:
            return _spoken(edge, home, wanted)
    except ConnectionRefusedError:
        return NoAnswer(_("nothing listens at its port {port}").format(port=AGENT_PORT))
    except TimeoutError:
        return NoAnswer(_("no answer over the overlay"))
    except (channel.Broken, ConnectionResetError, BrokenPipeError):
        return NoAnswer(_("its agent hung up: it may obey another home, or have ended early"))
    except ValueError:  # its words are not ours to pass on
        return NoAnswer(_("its agent answers something that cannot be read"))
    except OSError as problem:
        return NoAnswer(problem.strerror or str(problem))


def _spoken(edge: socket.socket, home: Home, wanted: Order) -> Answer:
    until = time.monotonic() + SAID
    channel.write(edge, orders.opening(wanted.verb), until=until)
    content = channel.read(edge, largest=orders.LARGEST_ANSWER, until=until)
    try:
        said = orders.challenged(content)
    except ValueError:
        return orders.answered(content)  # it does not even want to hear the order
    order = replace(wanted, nonce=said.nonce)
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
