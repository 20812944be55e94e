"""Root's half of an edge's agent: carries out one order that changes the edge, then is gone.

    python -m greygate.edge.orders STATE RUNTIME          the connection is stdin

It comes by a unix socket that the agent's account may open, and trusts that account with nothing:
the challenge is its own, and the site's signature over it is what it obeys.
"""

from __future__ import annotations

import json
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import PurePosixPath

from greygate.edge.following import follow, joined, plan_of
from greygate.errors import Trouble
from greygate.machine.refusals import trouble_of
from greygate.plan import orders
from greygate.plan.edge import demand_sane, demand_successor
from greygate.plan.orders import Answer, Challenge, Done, Order, Reason, Refused, Verb
from greygate.plan.paths import PROGRAM, Paths
from greygate.plan.token import Token, of_order
from greygate.probe import channel
from greygate.progress import Progress, Silent
from greygate.run import lock
from greygate.text import _

PATIENCE = 20.0  # seconds for the order to come; the agent has fewer
USUAL_RUNTIME = PurePosixPath("/run/greygate")


def serve(agent: socket.socket, paths: Paths) -> None:
    """One connection of the agent's."""
    until = time.monotonic() + PATIENCE
    verb = orders.opened(channel.read(agent, largest=orders.LARGEST_OPENING, until=until))
    here = joined(paths)
    if here is None or not verb.privileged:
        refused = Refused(Reason.CANNOT, _("this host is no edge, or that is not root's to do"))
        return channel.write(agent, orders.answer(refused), until=until)
    said = Challenge(
        site=here.site,
        edge=here.edge,
        serial=here.serial,
        nonce=secrets.token_hex(orders.NONCE),
    )
    channel.write(agent, orders.challenge(said), until=until)
    content = channel.read(agent, largest=orders.LARGEST_ORDER, until=until)
    found = orders.checked(content, said, verb=verb, verify_key=here.verify_key)
    given = found if isinstance(found, Refused) else carried_out(found, here, paths)
    channel.write(agent, orders.answer(given), until=time.monotonic() + PATIENCE)


def carried_out(order: Order, here: Token, paths: Paths) -> Answer:
    """The order done; what stands in its way is told, and nothing is half done."""
    try:
        if order.verb is Verb.LEAVE:
            return _leave(paths)
        return _apply(order, here, paths, Silent())
    except OSError as problem:
        known = trouble_of(problem)
        return Refused(Reason.CANNOT, known.what if known else str(problem))
    except Trouble as trouble:
        return Refused(Reason.CANNOT, trouble.what, trouble.hint)


def _apply(order: Order, here: Token, paths: Paths, progress: Progress) -> Answer:
    try:
        token = of_order(json.loads(order.body), here)
    except (ValueError, KeyError, TypeError) as problem:
        return Refused(Reason.UNREADABLE, _("cannot read the plan: {why}").format(why=problem))
    if token.serial != order.serial:
        return Refused(Reason.UNREADABLE, _("the plan has another serial than the order"))
    demand_sane(token)
    demand_successor(token, here)
    if token.name_server and not here.name_server:
        return Refused(
            Reason.CANNOT,
            _("cannot become a name server by an order: Knot has to be installed first"),
            _("greygate edge token {edge} at home, and greygate edge join there").format(
                edge=here.edge
            ),
        )
    with lock.held(paths):
        changes = follow(token, plan_of(token, paths), progress, before=here)
    return Done({"serial": token.serial, "changed": [str(it.path) for it in changes]})


def _leave(paths: Paths) -> Answer:
    """A unit of its own does it: this one, in its sandbox, would be taking itself away."""
    state = () if paths.runtime == USUAL_RUNTIME else ("--state", str(paths.state))
    command = (str(PROGRAM / "greygate"), "edge", "leave", "--yes", *state)
    done = subprocess.run(
        ("systemd-run", "--no-ask-password", "--collect", "--unit=greygate-leaving", *command),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return Refused(Reason.CANNOT, _("cannot leave: {why}").format(why=done.stderr.strip()))
    return Done({"leaving": True})


def main(argv: Sequence[str]) -> int:
    state, runtime = map(PurePosixPath, argv[1:])
    with socket.socket(fileno=0) as agent:
        try:
            serve(agent, Paths.below(state, runtime))
        except (OSError, ValueError) as broken:
            sys.stderr.write(f"a connection ended early: {broken}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
