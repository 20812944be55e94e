"""`greygate backup`: keep what nothing else brings back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from greygate.cli import output
from greygate.cli.common import NONE, Common
from greygate.cli.help import family
from greygate.cli.values import NAMED
from greygate.errors import WrongUsage
from greygate.home import papers
from greygate.machine import named_file
from greygate.text import _, listing, size

command = family("backup", "Keep what nothing else brings back.")


@command.command
def identity(
    file: Annotated[
        Path | None, NAMED, Parameter(help="Where to; standard output if left out.")
    ] = None,
    /,
    *,
    common: Common = NONE,
) -> None:
    """Write identity.tar: keys, certificate authority, secrets, site file, own settings.

    With it the server can be brought back under its name and its address; without it nothing
    can. It is a secret: whoever has it can pose as the server. Messages are not in it.

    For example:

        greygate backup identity /media/stick/identity.tar
        ssh root@home /usr/local/bin/greygate backup identity > identity.tar
    """
    if file is not None and output.is_stdout(file):
        file = None  # in the middle of what else is said, it would be no archive
    if file is None and (common.json or sys.stdout.isatty()):
        raise WrongUsage(
            _("cannot write the archive here: it is binary, and a secret"),
            "greygate backup identity FILE",
        )
    place = common.place()
    content = papers.identity(place, common.site, common.environ)
    if beside := papers.beside(place, common.site, common.environ):
        output.note(_("copy these too, they are not in it: {files}").format(files=listing(beside)))
    if file is None:
        output.say_octets(content)
        return
    named_file.write(file, content, mode=0o600)
    output.emit(
        {"file": str(file), "octets": len(content)},
        as_json=common.json,
        text=_("wrote {file} ({size}); keep it off this machine, and secret").format(
            file=file, size=size(len(content))
        ),
    )


@command.command
def restore(
    file: Annotated[Path, NAMED, Parameter(help="An identity.tar.")],
    /,
    *,
    common: Common = NONE,
) -> None:
    """Bring a server back from identity.tar, on a machine that has none: name, address, keys.

    People's accounts and messages are not in that archive. A trial that is here is set aside.

    For example:

        greygate backup restore /media/stick/identity.tar
    """
    restored = papers.restore(common.place(), file, output.Steps())
    text = _("{name} is back, its site file is {site}\nnext: greygate install").format(
        name=restored.server_name, site=restored.site
    )
    told = {"server_name": restored.server_name, "site": str(restored.site)}
    output.emit(told, as_json=common.json, text=text)
