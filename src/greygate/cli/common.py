"""The flags that every command has, and the deployment they lead to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.help import EVERYWHERE
from greygate.cli.values import NAMED
from greygate.cli.verbose import speak_up
from greygate.errors import SiteRefused
from greygate.text import _

if TYPE_CHECKING:  # imported where they are used: a page of help waits for none of it
    from greygate.home.half import Home
    from greygate.home.in_force import Running
    from greygate.home.place import Place


@Parameter(name="*", group=EVERYWHERE)
@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """Flags of every command."""

    site: Annotated[
        Path | None,
        NAMED,
        Parameter(
            metavar="FILE",
            help="The site file. Otherwise $GREYGATE_SITE, ./site.toml, /etc/greygate/site.toml "
            "(not root: ~/.config/greygate/site.toml), then a trial's in the state directory.",
        ),
    ] = None
    state: Annotated[
        Path | None,
        NAMED,
        Parameter(
            metavar="DIRECTORY",
            help="Where the server keeps everything, its site file too. Otherwise "
            "$GREYGATE_STATE, /var/lib/greygate (not root: ~/.local/share/greygate).",
        ),
    ] = None
    json: Annotated[bool, Parameter(help="Print JSON.")] = False
    verbose: Annotated[
        bool,
        Parameter(
            name=("--verbose", "-v"), help="Log what is done, each program that is run, each probe."
        ),
    ] = False

    @property
    def environ(self) -> Mapping[str, str]:
        return os.environ

    def place(self) -> Place:
        """The deployment that these flags, the environment and the user lead to."""
        if self.verbose:
            speak_up()
        from greygate.home.place import demand_ours, place_for

        place = place_for(os.environ, uid=os.geteuid(), state=self.state)
        demand_ours(place)
        return place

    def home(self) -> Home:
        """The home half as it stands on this machine; NotRunning where there is none yet."""
        from greygate.home.half import existing_site
        from greygate.home.preparation import as_it_stands

        place = self.place()
        source = existing_site(place, self.site, self.environ)
        return as_it_stands(source, place)

    def running(self) -> Running:
        """The home half that runs, to look at or to stop; its site file may be unusable meanwhile.

        NotRunning where there is none yet.
        """
        from greygate.home import in_force
        from greygate.home.half import site_file
        from greygate.identity.keys import AnotherServers

        place = self.place()
        running = in_force.found(place, site_file(place, self.site, self.environ))
        if running is None:
            return in_force.Running(self.home())  # which says what is missing
        if self.site is not None and isinstance(running.instead, AnotherServers):
            raise running.instead  # two servers are named: neither is looked at nor stopped
        if isinstance(running.instead, SiteRefused):
            output.trouble(running.instead, as_json=False)  # every mistake, with its cure
        elif running.instead is not None:
            output.note(running.instead.what)
        if running.instead is not None:
            output.note(_("what follows is of the site as it is in force"))
        return running

    def keyed_home(self) -> Home:
        """The same, also before the first start: keys that are not there yet are made."""
        from greygate.home import choice
        from greygate.home.half import existing_site
        from greygate.home.preparation import found

        place = self.place()
        return found(existing_site(place, self.site, self.environ), place, choice.look())


NONE = Common()
