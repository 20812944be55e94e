"""Mounts that the lab makes, and how those left by a killed one are found."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from greygate.errors import Trouble
from greygate.text import _

EXPORTS = Path("/run/systemd/nspawn/unix-export")
TABLE = Path("/proc/self/mountinfo")  # proc(5): the fifth field is where, spaces as \040


def overlay(at: Path, *, lower: Sequence[Path], upper: Path, work: Path) -> None:
    """Mount `upper` over the directories `lower`, topmost first."""
    below = ":".join(map(str, lower))
    _mount("-t", "overlay", "-o", f"lowerdir={below},upperdir={upper},workdir={work}", at=at)


def memory(at: Path) -> None:
    """Mount a tmpfs; devices in it may be used."""
    _mount("-t", "tmpfs", "-o", "mode=0755", at=at)


def below(top: Path) -> tuple[Path, ...]:
    """What is mounted at `top` and below it, the innermost first."""
    fields = (line.split()[4] for line in TABLE.read_text().splitlines())
    places = (Path(re.sub(r"\\(\d{3})", lambda it: chr(int(it[1], 8)), field)) for field in fields)
    return tuple(reversed([place for place in places if place.is_relative_to(top)]))


def clear(top: Path) -> None:
    """Unmount everything at `top` and below it."""
    for place in below(top):
        done = _run(("umount", str(place)))
        if done.returncode != 0:  # somebody stands in it, with a shell perhaps
            _run(("umount", "--lazy", str(place)))


def clear_exports(prefix: str) -> None:
    """Unmount what a killed nspawn (since systemd 256) left of machines whose name begins so.

    It boots none of that name while that is there.
    """
    for place in EXPORTS.glob(f"{prefix}*"):
        clear(place)
        place.rmdir()


def _mount(*options: str, at: Path) -> None:
    done = _run(("mount", "-n", *options, "greygate-lab", str(at)))
    if done.returncode != 0:
        raise Trouble(
            _("cannot mount {place}: {why}").format(place=at, why=done.stderr.strip()),
            _("the lab needs root, and a kernel with overlayfs"),
        )


def _run(argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=False)
