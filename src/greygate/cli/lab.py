"""`greygate lab`: an internet on this machine, of booted Debian hosts."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.help import family
from greygate.lab import world
from greygate.lab.places import places_for
from greygate.lab.topology import Debian
from greygate.lab.world import World
from greygate.text import _, aligned

command = family("lab", "An internet on this machine: booted Debian hosts.")

Json = Annotated[bool, Parameter(help="Print JSON.")]


@command.command
def up(
    *,
    debian: Annotated[
        Debian, Parameter(help="What the hosts run.", show_default=True)
    ] = Debian.BOOKWORM,
    json: Json = False,
) -> None:
    """Boot a home and a friend who peers with it; the first time, their disks are made."""
    world.up(_world(), debian=debian)
    status(json=json)


@command.command
def status(*, json: Json = False) -> None:
    """Tell which hosts are up."""
    seen = world.status(_world())
    rows = [(host.name, host.state, " ".join(host.addresses)) for host in seen]
    text = aligned(rows) if rows else _("no lab is up: greygate lab up")
    output.emit([asdict(host) for host in seen], as_json=json, text=text)


@command.command(name="exec")
def exec_(
    host: Annotated[str, Parameter(help="home or friend.")],
    /,
    *words: Annotated[
        str, Parameter(name="COMMAND", allow_leading_hyphen=True, help="What to run.")
    ],
) -> None:
    """Run a command in a host, as root; without one, a shell.

    What would be taken for a flag of ours goes after `--`. For example:

        greygate lab exec friend -- yggdrasilctl getpeers
    """
    argv = world.command_in(_world(), host, words or ("bash", "-l"))
    os.execvp(argv[0], argv)


@command.command
def down(*, json: Json = False) -> None:
    """Power every host off and remove all of it; the disks that were made stay cached."""
    stopped = world.down(_world())
    text = _("the lab is down") if stopped else _("no lab was up")
    output.emit({"stopped": stopped}, as_json=json, text=text)


def _world() -> World:
    return World(places=places_for(os.environ), environ=os.environ, progress=output.Steps())
