"""pip as we run it: its lines told as progress, its end judged."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from greygate.engine.lock import Lock
from greygate.errors import Trouble
from greygate.machine import process_group
from greygate.progress import Progress
from greygate.text import _

TOLD_EVERY = 5.0  # seconds; where there is no terminal each telling is a line

_TAKEN = re.compile(r"^(Collecting|Processing) ")  # Processing: a wheel found on this disk
_PASSED_OVER = re.compile(r"^Ignoring \S+: markers ")
_INSTALLING = re.compile(r"^Installing collected packages")

_REFUSED_HASH = re.compile(r"^(ERROR: )?THESE PACKAGES DO NOT MATCH THE HASHES", re.MULTILINE)
_BROKEN_FILE = re.compile(r"is not a valid wheel filename|is invalid\.|BadZipFile")
_WRONG_FILE = re.compile(r"^    (?P<name>[\w.-]+==\S+|\S+\.whl) from ", re.MULTILINE)
NO_ROOM = re.compile(r"\[Errno 28\]|No space left on device|\[Errno 122\]")
_UNREACHED = re.compile(
    r"after connection broken by|Max retries exceeded|Read timed out|ConnectionResetError|"
    r"IncompleteRead|ProtocolError|HTTP error \d+|CERTIFICATE_VERIFY_FAILED"
)
_NOT_FOR_US = re.compile(r"No matching distribution found for (?P<name>\S+)")


def install(environment: Path, lock: Path, *, progress: Progress) -> None:
    """Fill `environment` with what `lock` names and nothing else; Trouble tells what hindered."""
    aside = environment / "tmp"  # not /tmp: that is often small, and the room was checked here
    aside.mkdir(exist_ok=True)
    argv = (
        *(str(environment / "bin" / "python"), "-I", "-m", "pip", "install", "--no-input"),
        *("--disable-pip-version-check", "--progress-bar", "off"),
        *("--cache-dir", str(environment.parent / "downloads")),
        *("--require-hashes", "--only-binary", ":all:", "--no-deps", "--no-compile"),
        *("--retries", "3", "-r", str(lock)),
    )
    environ = {**os.environ, "TMPDIR": str(aside), "LC_ALL": "C.UTF-8"}
    with process_group.started(argv, environ=environ) as pip:
        assert pip.stdout is not None, "it was asked for"
        said = _told(pip.stdout, Tally(Lock(lock.read_text("utf-8"))), progress)
    if pip.returncode != 0:
        raise trouble_in(said)
    aside.rmdir()


class Tally:
    """How many packages pip has, by the lines it prints."""

    def __init__(self, lock: Lock) -> None:
        self._version = lock.synapse
        self._total = len(lock.pins)
        self._taken = 0

    def after(self, line: str) -> str | None:
        """What to tell after this line of pip's, where it changes what goes on."""
        if _TAKEN.match(line):
            self._taken += 1
        elif _PASSED_OVER.match(line):
            self._total -= 1
        elif _INSTALLING.match(line):
            return _("installing Synapse {version}").format(version=self._version)
        else:
            return None
        return _("fetching Synapse {version}: {taken} of {total} packages").format(
            version=self._version, taken=self._taken, total=self._total
        )


def _told(lines: Iterable[str], tally: Tally, progress: Progress) -> str:
    """All that pip said; while it speaks, its progress is shown."""
    said = []
    told_at = -TOLD_EVERY
    with ExitStack() as shown:
        for line in lines:
            said.append(line)
            text = tally.after(line)
            now = time.monotonic()
            if text and (now - told_at >= TOLD_EVERY or _INSTALLING.match(line)):
                shown.close()
                shown.enter_context(progress.step(text))
                told_at = now
    return "".join(said)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """One way in which pip ends badly: how its words show it, and what we say of it."""

    sign: re.Pattern[str]
    what: str
    hint: str


_AGAIN = _("run the same command again: what has come is in pip's cache and not fetched twice")
_VERDICTS = (  # the first that matches is the cause; what stands below it may be its consequence
    _Verdict(
        _REFUSED_HASH,
        _("cannot build Synapse's environment: {detail} is not the file that was published"),
        _(
            "a broken download or tampering on the way; nothing of it was used. Run the same "
            "command again; if it says this twice, use another network or package mirror"
        ),
    ),
    _Verdict(
        NO_ROOM,
        _("cannot build Synapse's environment: the disk is full"),
        _("make room (see: df -h), then run the same command again"),
    ),
    _Verdict(_UNREACHED, _("cannot fetch Synapse: no answer from the package index"), _AGAIN),
    _Verdict(
        _NOT_FOR_US,
        _("cannot build Synapse's environment: no ready-made {detail} for this computer"),
        _("Synapse's packages exist for x86-64 and 64-bit ARM with Python 3.11 or newer"),
    ),
    _Verdict(
        _BROKEN_FILE, _("cannot build Synapse's environment: a package arrived broken"), _AGAIN
    ),
)


def trouble_in(said: str) -> Trouble:
    """Why pip ended badly, told from what it said."""
    for verdict in _VERDICTS:
        if found := verdict.sign.search(said):
            what = verdict.what.format(detail=_detail(verdict, said, found))
            return Trouble(what, verdict.hint)
    last = next((line for line in reversed(said.splitlines()) if line.strip()), "?")
    return Trouble(_("cannot build Synapse's environment: {last}").format(last=last), _AGAIN)


def _detail(verdict: _Verdict, said: str, found: re.Match[str]) -> str:
    if verdict.sign is _NOT_FOR_US:
        return found["name"]
    wrong = _WRONG_FILE.search(said)
    return wrong["name"].rpartition("/")[2] if wrong else _("a package")
