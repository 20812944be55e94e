"""`greygate prepare`: bring what must be downloaded, and start nothing."""

from __future__ import annotations

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.home.preparation import provide
from greygate.site.making import TOKEN_LENGTH, trial
from greygate.text import _


def command(*, common: Common = NONE) -> None:
    """Bring packages, accounts and the Synapse engine to this machine, while it has a network.

    Nothing of a server is made; `up` and `install` then need no package index.
    """
    place = common.place()
    provide(place, trial("a" * TOKEN_LENGTH), output.Steps())
    output.emit({"prepared": True}, as_json=common.json, text=_("everything is here"))
