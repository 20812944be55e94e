"""`greygate invite`: let one person in."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.telling import trial_told
from greygate.cli.values import Whole
from greygate.home import persons

MOST_USES = 10_000  # Synapse keeps it in 32 bits
MOST_DAYS = 3_650  # a token that never ends is a key under the mat


def command(
    *,
    uses: Annotated[
        Whole,
        Parameter(
            metavar="NUMBER",
            validator=Number(gte=1, lte=MOST_USES),
            show_default=True,
            help="How many people it may register.",
        ),
    ] = 1,
    days: Annotated[
        Whole,
        Parameter(
            metavar="NUMBER",
            validator=Number(gte=1, lte=MOST_DAYS),
            show_default=True,
            help="How long it is good for.",
        ),
    ] = 7,
    common: Common = NONE,
) -> None:
    """Make an invitation: a registration token, as a link, a QR code and a text to send.

    Send it by a way you trust: whoever holds it can register. The token is in the link behind
    the #, where no server logs it.

    For example:

        greygate invite
        greygate invite --uses 5 --days 2
    """
    home = common.home()
    with trial_told(home):
        letter = persons.invite(home, uses=uses, days=days)
        text = letter.text(encoding=sys.stdout.encoding or "ascii", terminal=sys.stdout.isatty())
        output.emit(letter.told(), as_json=common.json, text=text)
