"""Whom an SSH connection is to: what a person types, taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

from greygate.errors import WrongUsage
from greygate.text import _

LAST_PORT = 65535

_TARGET = re.compile(
    r"""(?: (?P<user> [^@\s:/\[\]]+ ) @ )?
        (?: \[ (?P<bracketed> [^\s@\[\]/]+ ) \]
          | (?P<literal> [^\s@\[\]/]* : [^\s@\[\]/]* : [^\s@\[\]/]* )  # IPv6, and then no port
          | (?P<name> [^\s@\[\]/:]+ ) )
        (?: : (?P<port> [0-9]{1,5} ) )?""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """A login on a host; what is None is as ~/.ssh/config says, or as usual."""

    host: str
    user: str | None = None
    port: int | None = None

    def __str__(self) -> str:
        host = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
        user = f"{self.user}@" if self.user else ""
        return f"{user}{host if self.port else self.host}"


def target_of(text: str) -> Target:
    """`root@192.0.2.10`, `edge1`, `admin@host:2222`, `root@[2001:db8::1]:22`; else WrongUsage."""
    found = _TARGET.fullmatch(text)
    port = int(found["port"]) if found and found["port"] else None
    if found is None or (port is not None and not 0 < port <= LAST_PORT):
        raise WrongUsage(
            _("cannot read {text}: a host is written user@host or user@host:port").format(
                text=text
            ),
            _("for example root@192.0.2.10, or root@[2001:db8::10]:2222"),
        )
    return Target(found["bracketed"] or found["literal"] or found["name"], found["user"], port)
