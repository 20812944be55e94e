"""`greygate cert`: the certificate authority that people are asked to trust."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.help import family
from greygate.errors import WrongUsage
from greygate.home import papers
from greygate.text import _

command = family("cert", "The server's own certificate authority, for people to trust.")


@command.command
def renew(*, common: Common = NONE) -> None:
    """Renew the server's certificate where it is due: two thirds of its life, or other names.

    After `greygate install` a timer does this every day. People need not trust anything anew.
    """
    due = papers.renewed(common.home(), now=datetime.now(UTC))
    text = _("nothing is due") if due is None else _("renewed: {why}").format(why=due.value)
    output.emit({"renewed": due.value if due else None}, as_json=common.json, text=text)


@command.command
def export(
    file: Annotated[Path | None, Parameter(help="Where to; standard output if left out.")] = None,
    /,
    *,
    format: Annotated[
        Literal["pem", "der"],
        Parameter(
            metavar="FORM", show_default=True, help="PEM for computers, DER for most phones."
        ),
    ] = "pem",
    common: Common = NONE,
) -> None:
    """Print the certificate authority, to install on people's devices.

    It is limited by name constraints to this server's names and addresses: whoever trusts it
    trusts it for nothing else. Compare the fingerprint by another way than the file came.

    For example:

        greygate cert export home.crt --format der
    """
    paper = papers.authority_paper(common.home().plan.paths, form=format)
    if file is not None:
        papers.write(file, paper.content, secret=False)
        text = _("wrote {file}; SHA-256 {sum}").format(file=file, sum=paper.fingerprint)
        output.emit({"file": str(file), **paper.told()}, as_json=common.json, text=text)
    elif common.json:
        output.emit(paper.told(), as_json=True, text="")
    elif format == "der" and sys.stdout.isatty():
        raise WrongUsage(
            _("cannot write DER to a terminal: it is binary"),
            "greygate cert export FILE --format der",
        )
    else:
        sys.stdout.buffer.write(paper.content)
