"""`./dev bench [SECTION...]`: measure all of it, or what is named, and write RESULTS.md."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import commands, contact, faults, link_holes, page, start

INSIDE = "--inside"
SECTIONS: dict[str, Callable[[Path], str]] = {
    "start": start.measure,
    "commands": commands.measure,
    "contact": contact.measure,
    "faults": faults.measure,
    "holes": link_holes.measure,
}
ALONE = ("start",)  # in a network of its own, so that no server of this machine is met


def main() -> None:
    """Each section is written as soon as it is measured."""
    if os.geteuid() != 0:
        sys.exit("./dev bench: needs root: it runs the server with its overlay")
    inside, names = INSIDE in sys.argv, [it for it in sys.argv[1:] if it != INSIDE]
    if unknown := set(names) - set(SECTIONS):
        sys.exit(f"./dev bench: no section is called {min(unknown)}: {', '.join(SECTIONS)}")
    for name in names or SECTIONS:
        if name in ALONE and not inside:
            _in_a_network_of_its_own(name)
        else:
            _measure(name)
    if not inside:
        sys.stdout.write(page.PAGE.read_text("utf-8"))


def _measure(name: str) -> None:
    # Not below /root: the services' accounts could not enter.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="greygate-bench-") as below:
        Path(below).chmod(0o711)
        page.write(name, SECTIONS[name](Path(below)), tuple(SECTIONS))


def _in_a_network_of_its_own(name: str) -> None:
    subprocess.run(("./greygate", "prepare"), check=True)
    again = (sys.executable, "-m", "bench", INSIDE, name)
    lo_up = 'ip link set lo up && exec "$@"'
    done = subprocess.call(("unshare", "--net", "--", "sh", "-c", lo_up, "sh", *again))
    if done != 0:
        sys.exit(done)


if __name__ == "__main__":
    main()
