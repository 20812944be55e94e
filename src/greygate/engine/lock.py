"""The lock of Synapse's environment: which packages, in which versions, with which hashes."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import greygate
from greygate.errors import Trouble
from greygate.text import _

LOCK = Path(greygate.__file__).parents[2] / "locks" / "synapse.txt"

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s;\\]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Lock:
    """The text of a lock file, as pip reads it."""

    text: str

    @property
    def pins(self) -> dict[str, str]:
        return {pin["name"]: pin["version"] for pin in _PIN.finditer(self.text)}

    @property
    def synapse(self) -> str:
        """The version of Synapse that it leads to."""
        return self.pins["matrix-synapse"]

    def environment(self, python: tuple[int, int]) -> str:
        """The name of the environment: another lock, or another Python, is another one."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:8]
        return f"synapse-{self.synapse}-{digest}-py{python[0]}.{python[1]}"


def our_lock() -> Lock:
    """The lock that came with this Greygate."""
    try:
        return Lock(LOCK.read_text("utf-8"))
    except FileNotFoundError as absent:
        raise Trouble(
            _("cannot tell which Synapse to run: {path} is not there").format(path=LOCK),
            _("this copy of Greygate is not whole: get it again"),
        ) from absent


def our_python() -> tuple[int, int]:
    return sys.version_info.major, sys.version_info.minor
