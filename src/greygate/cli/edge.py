"""`greygate edge`: rented hosts with a public address, by which other servers come in."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from greygate.cli import edge_orders, output
from greygate.cli.common import NONE, Common
from greygate.cli.edge_report import is_barred, joined_text, joined_told, listed, rows
from greygate.cli.help import family
from greygate.cli.values import NAMED, Whole
from greygate.edge import join as joining
from greygate.errors import MissingProgram, WrongUsage
from greygate.home import edges, installation
from greygate.plan import token as tokens
from greygate.run import lock
from greygate.text import _

command = family("edge", "Edges: deploy, token, list, join, leave, probe, move, rotate, remove.")
command.command("greygate.cli.edge_deploy:command", name="deploy")

MOST_SERIAL = 2**53 - 2  # the next one is a JSON number that every reader takes as it is
UNHEALTHY = 1

Id = Annotated[str, Parameter(help="The edge's id in the site file.")]


@command.command
def token(
    edge: Id,
    /,
    *,
    above: Annotated[
        Whole,
        Parameter(
            metavar="SERIAL",
            validator=Number(gte=0, lte=MOST_SERIAL),
            help="Number it higher, where an edge has a newer one.",
        ),
    ] = 0,
    common: Common = NONE,
) -> None:
    """Print an edge's token: the one line that makes a rented host that edge.

    Run at home. The token is a secret: whoever has it can be that edge on the overlay, though it
    opens no TLS. Write it to a file, and bring that file to the edge.

    For example:

        (umask 077; greygate edge token edge1 > token)
        ssh root@192.0.2.10 'greygate/greygate edge join' < token
    """
    home = common.keyed_home()
    made = edges.issue_token(home, edge, above=above)
    _close_output()
    output.note(
        _("the token of {edge}, serial {serial}; on its host: ./greygate edge join < token").format(
            edge=edge, serial=made.serial
        )
    )
    line = tokens.written(made)
    output.emit(
        {"edge": edge, "serial": made.serial, "token": line}, as_json=common.json, text=line
    )


@command.command(name="list")
def list_(*, common: Common = NONE) -> None:
    """List the edges of this site: whether home has a link to each, and what it says of itself."""
    home = common.home()
    with output.Steps().look(_("asking the edges")):
        found = rows(home)
    output.emit(found, as_json=common.json, text=listed(found))


@command.command
def join(
    *,
    file: Annotated[
        Path | None,
        NAMED,
        Parameter(metavar="FILE", help="Where the token is; standard input otherwise."),
    ] = None,
    ports: Annotated[
        str | None,
        Parameter(metavar="PORTS", help="8448 alone, where another web server has 443."),
    ] = None,
    common: Common = NONE,
) -> int:
    """Make this rented host the edge that a token describes; needs root and systemd.

    Installs HAProxy, Yggdrasil and nftables where they are missing, and starts them: connections
    that name the server are forwarded home unopened, all others end. Run again with a newer
    token, it takes over what is new, and drops no connection.

    For example:

        ./greygate edge join < token

    Ends with 1 where another packet filter of this host (ufw, firewalld) keeps it from its work.
    """
    place, steps = common.place(), output.Steps()
    _demand_root(place.root)
    text = _token_text(file)
    with lock.held(place.paths):
        joining.demand(text, place.paths)
        installation.copy_program(steps)
        done = joining.join(text, place.paths, steps, chosen=ports_named(ports))
    output.emit(joined_told(done), as_json=common.json, text=joined_text(done))
    return UNHEALTHY if is_barred(done) else 0


@command.command
def leave(
    *,
    yes: Annotated[bool, Parameter(help="Do not ask.")] = False,
    common: Common = NONE,
) -> None:
    """Make this host an ordinary one again: services and token go, packages stay."""
    place = common.place()
    _demand_root(place.root)
    known, _plan, _units = joining.plan_here(place.paths)
    if not yes:
        output.confirm(_("This ends the edge {edge} on this host.").format(edge=known.edge))
    with lock.held(place.paths):
        joining.leave(place.paths, output.Steps())
        installation.remove_program()
    text = _("{edge} is gone from this host; take its SRV records away, or join elsewhere").format(
        edge=known.edge
    )
    output.emit({"edge": known.edge, "left": True}, as_json=common.json, text=text)


command.command(edge_orders.probe)
command.command(edge_orders.move)
command.command(edge_orders.rotate)
command.command(edge_orders.remove)


def _demand_root(root: bool) -> None:
    if not root:
        raise MissingProgram(_("cannot do that: it needs root"), "sudo greygate edge ...")


def _token_text(file: Path | None) -> str:
    try:
        if file is not None:
            return file.read_text("utf-8")
        if sys.stdin.isatty():
            output.note(_("paste the token, then Enter:"))
            return sys.stdin.readline()
        return sys.stdin.read()
    except (OSError, UnicodeDecodeError) as problem:
        why = problem.strerror if isinstance(problem, OSError) else _("it is no text")
        raise WrongUsage(
            _("cannot read the token in {file}: {why}").format(
                file=file or _("standard input"), why=why
            ),
            _("name the file that was made at home by: (umask 077; greygate edge token ID > FILE)"),
        ) from problem


def ports_named(text: str | None) -> tuple[int, ...] | None:
    """The ports that `--ports` names; None where it is left out."""
    if text is None:
        return None
    known = {"8448": (8448,), "443": (443,), "443,8448": (443, 8448)}
    if text not in known:
        raise WrongUsage(
            _("cannot listen on {ports}: other servers ask 443 and 8448").format(ports=text),
            _("write --ports 8448, --ports 443, or leave it away for both"),
        )
    return known[text]


def _close_output() -> None:
    """A file that the shell made for everybody to read is closed before the secret is in it."""
    descriptor = sys.stdout.fileno()
    seen = os.fstat(descriptor)
    if stat.S_ISREG(seen.st_mode) and stat.S_IMODE(seen.st_mode) & 0o077:
        os.fchmod(descriptor, 0o600)
