"""Whether systemd can shut in a service here as ours are: a program that does nothing is tried.

In many containers it cannot, and all units would fail one after the other, once all is installed.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from greygate.errors import Trouble
from greygate.run.endings import ending
from greygate.run.state import Condition, End, State
from greygate.run.unit_text import SHUT
from greygate.text import _

UNIT = "greygate-trial-run.service"
PATIENCE = 30.0  # seconds; 0.1 measured
# What our units ask for, all in one; an account that every Debian has.
ASKED = (
    *SHUT,
    "Type=oneshot",
    "User=nobody",
    "AmbientCapabilities=CAP_NET_ADMIN CAP_NET_BIND_SERVICE",
    "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_BIND_SERVICE",
    "PrivateDevices=yes",
    "ProtectHome=yes",
    "OOMScoreAdjust=100",
)


def demand(asked: Sequence[str] = ASKED) -> None:
    """Trouble with the cure where it cannot; what was started for the trial is gone."""
    words = (word for it in asked for word in ("--property", it))
    _run("systemd-run", "--quiet", f"--unit={UNIT}", *words, "/bin/true")
    status = _run("systemctl", "show", "--property=ExecMainStatus", "--value", UNIT)
    _run("systemctl", "reset-failed", UNIT)  # it complains where nothing failed
    end = End(result="exit-code", status=int(status) if status.isdigit() else 0, ago=0.0)
    found = ending(State(name=_("a service"), condition=Condition.FAILED, end=end))
    if found is not None:
        raise Trouble(_("cannot go on: {what}").format(what=found.what), found.cure)


def _run(*argv: str) -> str:
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout.strip()
