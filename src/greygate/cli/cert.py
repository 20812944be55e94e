"""`greygate cert`: the certificate authority that people are asked to trust."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.home import papers
from greygate.text import _

command = App(name="cert", help="The server's own certificate authority, for people to trust.")


@command.command
def export(
    file: Annotated[Path | None, Parameter(help="Where to; standard output if left out.")] = None,
    *,
    format: Annotated[
        Literal["pem", "der"], Parameter(help="PEM for computers, DER for most phones.")
    ] = "pem",
    common: Common = NONE,
) -> None:
    """Print the certificate authority, to install on people's devices.

    It is limited by name constraints to this server's names and addresses: whoever trusts it
    trusts it for nothing else. Compare the fingerprint by another way than the file came.
    """
    paper = papers.authority_paper(common.place(), form=format)
    if common.json:
        output.emit(paper.told(), as_json=True, text="")
    elif file is None:
        sys.stdout.buffer.write(paper.content)
    else:
        file.write_bytes(paper.content)
        output.say(_("wrote {file}; SHA-256 {sum}").format(file=file, sum=paper.fingerprint))
