"""`greygate edge deploy`: a rented host made an edge from home, over SSH."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.edge import ports_named
from greygate.cli.edge_deploy_report import done_text, done_told, rehearsed_text, rehearsed_told
from greygate.cli.values import NAMED
from greygate.home import agents, deployment, edges, published, rented_host
from greygate.home.first_link import await_link
from greygate.home.half import Home
from greygate.home.published import Published, Server
from greygate.home.rented_host import Order
from greygate.home.ssh_entry import Access
from greygate.home.ssh_target import Target, target_of
from greygate.identity import edge_keys
from greygate.plan.edges import PUBLIC_PORTS
from greygate.plan.token import site_id
from greygate.probe.dns import Resolver
from greygate.run.seen import Verdict
from greygate.secret import Secret
from greygate.text import _

UNHEALTHY = 1


def command(
    edge: Annotated[str, Parameter(help="The edge's id in the site file.")],
    host: Annotated[str, Parameter(help="Where to log in: USER@HOST, or USER@HOST:PORT.")],
    /,
    *,
    identity: Annotated[
        Path | None,
        NAMED,
        Parameter(metavar="FILE", help="The private key to log in with; the usual ones otherwise."),
    ] = None,
    host_key: Annotated[
        str | None,
        Parameter(metavar="SHA256:...", help="The host's fingerprint; asked for otherwise."),
    ] = None,
    ports: Annotated[
        str | None,
        Parameter(metavar="PORTS", help="8448 alone, where another web server has 443."),
    ] = None,
    dry_run: Annotated[bool, Parameter(help="Look at the host, and change nothing.")] = False,
    common: Common = NONE,
) -> int:
    """Make a rented host an edge, from home, by SSH; again, to update it.

    Sends this very program, makes the host the edge by a new token, and waits until other servers
    come in through it. It logs in as your ssh would: your agent and keys, ~/.ssh/config and known
    hosts; at a terminal it asks for a password where nothing else will do. Users other than root
    need sudo without a password.

    For example:

        greygate edge deploy edge1 root@192.0.2.10
        greygate edge deploy edge1 admin@192.0.2.10:2222 --ports 8448 --dry-run

    Ends with 0 where other servers come in, or where that cannot be told (home does not run), with
    1 where it waited in vain; --dry-run with 1 where the host will not do.
    """
    target, home = target_of(host), common.home()
    order = _order(home, edge, ports)
    person = _Terminal() if sys.stdin.isatty() else None
    access = Access(identity=identity, host_key=host_key, person=person)
    if dry_run:
        return _rehearse(target, access, order, as_json=common.json)
    joined = deployment.deploy(
        target, access, order, output.Steps(), token=lambda: edges.issue_token(home, edge)
    )
    reach = await_link(home, edges.link(home, edge), output.Steps())
    agents.remember(home)
    dns = _dns(home)
    output.emit(
        done_told(joined, target, reach, dns),
        as_json=common.json,
        text=done_text(joined, target, reach, dns),
    )
    return UNHEALTHY if reach.verdict is Verdict.NO else 0


def _rehearse(target: Target, access: Access, order: Order, *, as_json: bool) -> int:
    host = deployment.look(target, access, output.Steps())
    found = tuple(rented_host.obstacles(host, order))
    output.emit(
        rehearsed_told(host, order, found), as_json=as_json, text=rehearsed_text(host, order, found)
    )
    return UNHEALTHY if found else 0


def _order(home: Home, edge: str, ports: str | None) -> Order:
    link = edges.link(home, edge)  # refused before anybody is asked for a password
    return Order(
        edge=edge,
        site=site_id(edge_keys.verify_key(home.plan.paths)),
        server_name=str(home.site.server_name),
        ports=ports_named(ports) or PUBLIC_PORTS,
        addresses=link.edge.addresses,
    )


def _dns(home: Home) -> Published:
    with output.Steps().step(_("asking DNS")):
        return published.look(home, (Server(_("this machine's resolver"), Resolver()),))


class _Terminal:
    """The person who typed the command."""

    def agrees(self, question: str) -> bool:
        word = _("yes")
        asked = _("{question} Type {word} to go on:").format(question=question, word=word)
        return output.ask(asked) == word

    def secret(self, question: str) -> Secret:
        return Secret(getpass.getpass(f"{question} "))
