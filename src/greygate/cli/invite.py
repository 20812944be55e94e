"""`greygate invite`: let one person in."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.home import persons


def command(
    *,
    uses: Annotated[int, Parameter(help="How many people it may register.")] = 1,
    days: Annotated[int, Parameter(help="How long it is good for.")] = 7,
    common: Common = NONE,
) -> None:
    """Make an invitation: a registration token, as a link, a QR code and a text to send.

    Send it by a way you trust: whoever holds it can register.
    """
    letter = persons.invite(common.home(), uses=uses, days=days)
    output.emit(letter.told(), as_json=common.json, text=letter.text())
