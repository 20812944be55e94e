"""`greygate user`: the people of this server."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.help import family
from greygate.cli.telling import trial_told
from greygate.home import persons
from greygate.people.admin import Person
from greygate.secret import Secret
from greygate.text import _, aligned

command = family("user", "People: add, list, password, deactivate.")

Name = Annotated[str, Parameter(help="The part of the user id before the colon.")]
AskPassword = Annotated[
    bool,
    Parameter(
        help="Read the password from the terminal or standard input, instead of making one.",
    ),
]


@command.command
def add(name: Name, /, *, ask_password: AskPassword = False, common: Common = NONE) -> None:
    """Create a person; the password is made here and shown once.

    For example, for @anna:home.example:

        greygate user add anna
    """
    home = common.home()
    with trial_told(home):
        chosen = _typed_password() if ask_password else None
        added = persons.add(home, name, chosen)
        output.emit(added.told(), as_json=common.json, text=added.text())


@command.command(name="list")
def list_(*, common: Common = NONE) -> None:
    """List the people of this server."""
    people = persons.everyone(common.home())
    output.emit([persons.told(it) for it in people], as_json=common.json, text=listed(people))


def listed(people: Sequence[Person]) -> str:
    rows = [(_("user id"), _("state")), *((it.user_id, persons.state(it)) for it in people)]
    return aligned(rows)


@command.command
def password(name: Name, /, *, ask_password: AskPassword = False, common: Common = NONE) -> None:
    """Give a person a new password; their devices are logged out."""
    chosen = _typed_password() if ask_password else None
    changed = persons.new_password(common.home(), name, chosen)
    output.emit(changed.told(), as_json=common.json, text=changed.text())


@command.command
def deactivate(
    name: Name,
    /,
    *,
    erase: Annotated[
        bool, Parameter(help="Also hide their messages from people who join later.")
    ] = False,
    yes: Annotated[bool, Parameter(help="Do not ask.")] = False,
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
