"""`greygate lab`: an internet on this machine, of booted Debian hosts."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from greygate.cli import output
from greygate.cli.help import family
from greygate.cli.values import Whole
from greygate.lab import world
from greygate.lab.places import places_for
from greygate.lab.topology import Debian
from greygate.lab.weather import Kind, Weather
from greygate.lab.world import World
from greygate.text import _, aligned

command = family("lab", "An internet on this machine: booted Debian hosts.")

Preset = Literal["neighbours", "internet", "certified"]
Json = Annotated[bool, Parameter(help="Print JSON.")]


@command.command
def up(
    preset: Annotated[Preset, Parameter(help="neighbours, internet or certified.")] = "neighbours",
    /,
    *,
    debian: Annotated[
        Debian, Parameter(help="What the hosts run.", show_default=True)
    ] = Debian.BOOKWORM,
    json: Json = False,
) -> None:
    """Boot a world; the first time, its disks are made.

    neighbours: a home, and a friend who peers with it. internet: a home behind a router, an edge,
    somebody else's homeserver, people, names, and a certificate authority of the lab's own.
    certified: the same, with an ACME authority and an acme-dns to ask for certificates.
    """
    chosen = world.preset(preset)
    assert chosen is not None
    world.up(_world(), chosen, debian)
    status(json=json)


@command.command
def status(*, json: Json = False) -> None:
    """Tell which hosts are up."""
    seen = world.status(_world())
    rows = [(it.name, it.state, it.weather, " ".join(it.addresses)) for it in seen]
    text = aligned(rows) if rows else _("no lab is up: greygate lab up")
    output.emit([asdict(host) for host in seen], as_json=json, text=text)


@command.command(name="exec")
def exec_(
    host: Annotated[str, Parameter(help="Its name, as `status` tells.")],
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


@command.command(name="weather")
def weather_(
    line: Annotated[str, Parameter(help="A host's line: home, edge, remote, friend, ...")],
    kind: Annotated[Kind, Parameter(help="What becomes of its packets.")],
    /,
    *,
    percent: Annotated[
        Whole,
        Parameter(
            validator=Number(gte=0, lte=100), show_default=True, help="How many are lost, for loss."
        ),
    ] = 10,
    json: Json = False,
) -> None:
    """Change what becomes of the packets on a line of the internet."""
    world.change_weather(_world(), line, Weather(kind, percent))
    status(json=json)


@command.command
def move(
    host: Annotated[str, Parameter(help="Which: home.")],
    router: Annotated[str, Parameter(help="Behind which router: cafe, or router, its own.")],
    /,
    *,
    json: Json = False,
) -> None:
    """Carry a host of the internet to another network, as a machine in a bag.

    For example:

        greygate lab move home cafe
    """
    world.move(_world(), host, router)
    status(json=json)


@command.command
def down(*, json: Json = False) -> None:
    """Power every host off and remove all of it; the disks that were made stay cached."""
    stopped = world.down(_world())
    text = _("the lab is down") if stopped else _("no lab was up")
    output.emit({"stopped": stopped}, as_json=json, text=text)


def _world() -> World:
    return World(places=places_for(os.environ), environ=os.environ, progress=output.Steps())
