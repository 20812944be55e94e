"""A trial makes room for a server for keeps: its files are set aside, not deleted."""

from __future__ import annotations

import re
from pathlib import Path

from greygate.errors import Trouble
from greygate.home.place import Place
from greygate.progress import Progress
from greygate.run import lock
from greygate.text import _

# What is nobody's own: environments that the next server uses too, and the lock in our hands.
SHARED = ("env", "engines", "lock", "trials")

_TRIAL = re.compile(r"trial-[a-z2-7]{8}\.internal")


def trial_in(place: Place) -> str | None:
    """The name of the trial that this state holds, where it holds one."""
    try:
        name = Path(place.paths.site_mark).read_text("utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None
    return name if _TRIAL.fullmatch(name) else None


def set_trial_aside(place: Place, progress: Progress) -> None:
    """Move a trial's files below `trials/`, where one is; Trouble while it runs."""
    name = trial_in(place)
    if name is None:
        return
    if lock.running(place.paths):
        raise Trouble(
            _("cannot begin a server for keeps: the trial {name} is running").format(name=name),
            _("stop it first: greygate down"),
        )
    state = Path(place.paths.state)
    aside = state / "trials" / name
    aside.mkdir(mode=0o711, parents=True, exist_ok=True)  # passed by services, if run again
    mark = Path(place.paths.site_mark)
    # The mark goes last: what a kill cuts short is seen as a trial again, and goes on here.
    own = [path for path in state.iterdir() if path.name not in SHARED and path != mark]
    for path in (*own, mark):
        path.rename(aside / path.name)
    progress.note(_("set the trial {name} aside in {aside}").format(name=name, aside=aside))
