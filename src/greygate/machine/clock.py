"""Whether this machine's clock can be right, as far as that shows without asking anybody.

A clock that is behind is seen by what cannot lie in the future: the release of this program, the
files that were written here, the certificates that we made. A clock that is ahead is not: only
other machines could tell. What the kernel says of its synchronisation is worth a note, no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath

from greygate.errors import Trouble
from greygate.text import _

RELEASED = datetime(2026, 11, 22, tzinfo=UTC)  # not before this was the program written
TOLERATED = timedelta(hours=1)  # our certificates begin an hour early

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX = 256  # octets; struct timex has 208


@dataclass(frozen=True, slots=True, order=True)
class Evidence:
    """Something that happened: the clock cannot stand before it."""

    when: datetime
    what: str
    file: PurePath | None = field(default=None, compare=False)


def evidence(files: Iterable[PurePath]) -> tuple[Evidence, ...]:
    """The release, and when each of `files` that is there was written."""
    found = [Evidence(RELEASED, _("this version of greygate was released"))]
    for file in map(Path, files):
        if file.exists():
            written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            found.append(Evidence(written, _("{file} was written").format(file=file), file))
    return tuple(found)


def behind(now: datetime, known: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """The evidence that the clock is behind, the latest first."""
    return tuple(sorted((it for it in known if it.when > now + TOLERATED), reverse=True))


def demand(now: datetime, known: Iterable[Evidence]) -> None:
    """Trouble where the clock is behind: certificates and log-ins would all go wrong."""
    contrary = behind(now, known)
    if contrary:
        first = contrary[0]
        raise Trouble(
            _("cannot go on: the clock says {now}, but {what} on {when}").format(
                now=_day(now), what=first.what, when=_day(first.when)
            ),
            _("set the clock: timedatectl set-ntp true, or: date -s 'YYYY-MM-DD HH:MM'")
            + _wrong_then(contrary),
        )


def _wrong_then(contrary: Iterable[Evidence]) -> str:
    """What to do where the clock is right now, and was ahead when the files were written."""
    files = " ".join(str(it.file) for it in contrary if it.file is not None)
    return _("; if it is right now and was ahead then: touch {files}").format(files=files) * (
        files != ""
    )


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")
