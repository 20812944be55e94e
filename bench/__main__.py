"""`./dev bench`: measure everything and write RESULTS.md."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench.ratio import Ratio
from bench.second_start import measure as second_start
from bench.weight import measure as weight

RESULTS = Path(__file__).with_name("RESULTS.md")
INSIDE = "--inside"


def main() -> None:
    """Measure in a network namespace of our own, so that no server of this machine is met."""
    if os.geteuid() != 0:
        sys.exit("./dev bench: needs root: it runs the server with its overlay")
    if INSIDE not in sys.argv:
        subprocess.run(("./greygate", "prepare"), check=True)
        again = (sys.executable, "-m", "bench", INSIDE)
        lo_up = 'ip link set lo up && exec "$@"'
        sys.exit(subprocess.call(("unshare", "--net", "--", "sh", "-c", lo_up, "sh", *again)))
    # Not below /root: the services' accounts could not enter.
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="greygate-bench-") as below:
        Path(below).chmod(0o711)
        rows = (second_start(Path(below)), *weight(Path(below)))
    RESULTS.write_text(_page(rows), "utf-8")
    sys.stdout.write(RESULTS.read_text("utf-8"))


def _page(rows: tuple[Ratio, ...]) -> str:
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    head = "| what | ours | beside it | ratio | we want |\n|---|---|---|---|---|\n"
    table = "".join(f"{row.told()}\n" for row in rows)
    return (
        f"# Measured\n\n{day}, {os.cpu_count()} cores, medians; `./dev bench` writes this page.\n\n"
        f"{head}{table}"
    )


if __name__ == "__main__":
    main()
