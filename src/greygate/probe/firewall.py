"""The firewall of this machine, as its kernel has it."""

from __future__ import annotations

import subprocess
from enum import Enum
from pathlib import Path, PurePath

from greygate.probe.answers import NoAnswer

PATIENCE = 5.0  # seconds for nft; it takes milliseconds
OURS = ("table", "inet", "greygate")


class Table(Enum):
    """Our table in the kernel, compared with what the kernel made of our rules."""

    INTACT = "intact"
    CHANGED = "changed"
    GONE = "gone"


TableAnswer = Table | NoAnswer


def table(kept: PurePath) -> TableAnswer:
    """Whether the rules are in force that were loaded last; `kept`: where the guard has them.

    Compared as nft lists them, without counters: it words them in its own way, and differently in
    each version.
    """
    listed = nft("--stateless", "list", *OURS)
    if isinstance(listed, NoAnswer):
        return Table.GONE if "No such file" in listed.why else listed
    try:
        loaded = Path(kept / "listed").read_text("utf-8")
    except FileNotFoundError:
        return Table.CHANGED  # there is a table, and it is not known to be ours
    except OSError as problem:
        return NoAnswer(problem.strerror or str(problem))
    return Table.INTACT if listed == loaded else Table.CHANGED


def nft(*words: str) -> str | NoAnswer:
    """What nft prints; NoAnswer with its complaint."""
    try:
        done = subprocess.run(
            ("/usr/sbin/nft", *words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except FileNotFoundError:
        return NoAnswer("nft is not on this machine")
    except (OSError, subprocess.SubprocessError) as problem:
        return NoAnswer(str(problem))
    if done.returncode != 0:
        return NoAnswer((done.stderr.strip().splitlines() or ["nft ended without a word"])[0])
    return done.stdout
