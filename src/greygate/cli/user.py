"""`greygate user`: the people of this server."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated

from cyclopts import App, Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.home import persons
from greygate.secret import Secret
from greygate.text import _, aligned

command = App(name="user", help="People: add, list, password, deactivate.")

AskPassword = Annotated[
    bool,
    Parameter(
        help="Read the password from the terminal or standard input, instead of making one.",
        negative="",
    ),
]


@command.command
def add(name: str, *, ask_password: AskPassword = False, common: Common = NONE) -> None:
    """Create a person; the password is made here and shown once.

    NAME is the part before the colon: `anna` in @anna:home.example.
    """
    chosen = _typed_password() if ask_password else None
    added = persons.add(common.home(), name, chosen)
    output.emit(added.told(), as_json=common.json, text=added.text())


@command.command(name="list")
def list_(*, common: Common = NONE) -> None:
    """List the people of this server."""
    people = persons.everyone(common.home())
    rows = [(_("user id"), _("state")), *((it.user_id, persons.state(it)) for it in people)]
    told = [persons.told(it) for it in people]
    output.emit(told, as_json=common.json, text=aligned(rows))


@command.command
def password(name: str, *, ask_password: AskPassword = False, common: Common = NONE) -> None:
    """Give a person a new password; their devices are logged out."""
    chosen = _typed_password() if ask_password else None
    changed = persons.new_password(common.home(), name, chosen)
    output.emit(changed.told(), as_json=common.json, text=changed.text())


@command.command
def deactivate(
    name: str,
    *,
    erase: Annotated[
        bool, Parameter(help="Also hide their messages from people who join later.", negative="")
    ] = False,
    yes: Annotated[bool, Parameter(help="Do not ask.", negative="")] = False,
    common: Common = NONE,
) -> None:
    """Close a person's account for good: the name can never be used again."""
    if not yes:
        output.confirm(_("close the account {name} for good?").format(name=name), typed=name)
    closed = persons.deactivate(common.home(), name, erase=erase)
    text = _("{user_id} is closed").format(user_id=closed)
    output.emit({"user_id": closed, "state": "deactivated"}, as_json=common.json, text=text)


def _typed_password() -> Secret:
    """From the terminal without echo, or the first line of standard input."""
    if sys.stdin.isatty():
        return Secret(getpass.getpass(_("password: ")))
    return Secret(sys.stdin.readline().rstrip("\n"))
