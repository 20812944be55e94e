"""Runs apt: waits for whoever holds its locks, and turns its refusals into words for people."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Sequence

from greygate.errors import MissingProgram, Trouble
from greygate.machine import apt_report
from greygate.progress import Progress
from greygate.text import _, duration

LOCK_PATIENCE = 300.0  # seconds; unattended-upgrades seldom takes longer
LOCK_PAUSE = 2.0

_QUIET = ("-q", "-o", "Dpkg::Use-Pty=0", "-o", "APT::Color=0")
# A configuration file that somebody edited stays as it is, and nothing is asked.
_OLD_STAYS = ("--force-confdef", "--force-confold")
_KEEP = ("-y", *(word for it in _OLD_STAYS for word in ("-o", f"Dpkg::Options::={it}")))


def look(*argv: str) -> str:
    """What one of apt's or dpkg's looking programs prints; needs no rights and no lock."""
    try:
        done = subprocess.run(argv, env=_environment(), capture_output=True, text=True, check=False)
    except FileNotFoundError as absent:
        raise MissingProgram(
            _("cannot tell which packages this machine has: there is no {program}").format(
                program=argv[0]
            ),
            _("Greygate runs on Debian and its kin; elsewhere, use a Debian container"),
        ) from absent
    return done.stdout


def update(progress: Progress, *, options: Sequence[str] = ()) -> str:
    """Refresh apt's lists; what it printed. A source that does not answer is not an error yet."""
    with progress.step(_("refreshing apt's package lists")):
        return _patiently(("update", *options), _("cannot refresh apt's lists"), progress)


def install(wanted: Sequence[str], what: str, progress: Progress) -> None:
    """Install packages, each as apt takes it (`name`, `name=version`)."""
    _patiently((*_KEEP, "install", "--no-install-recommends", *wanted), what, progress)


def settle(progress: Progress) -> None:
    """Wait until no other program installs packages; end what an interrupted one left half done."""
    what = _("cannot use apt")
    _code, output = _unlocked(("apt-get", *_QUIET, "check"), what, progress)
    if apt_report.is_half_done(output):
        with progress.step(_("ending an installation that was interrupted (dpkg --configure -a)")):
            _unlocked(("dpkg", *_OLD_STAYS, "--configure", "-a"), what, progress)
        # Of packages that were not even unpacked; --no-remove: nothing is given up for it.
        _patiently((*_KEEP, "--fix-broken", "--no-remove", "install"), what, progress)


def simulate(*words: str) -> str:
    """What apt would do, as its `Inst` lines."""
    return look("apt-get", *_QUIET, "--simulate", "--no-install-recommends", *words)


def _patiently(words: Sequence[str], what: str, progress: Progress) -> str:
    """What apt-get prints; Trouble where it does not do it."""
    code, output = _unlocked(("apt-get", *_QUIET, *words), what, progress)
    if code == 0:
        return output
    for line in apt_report.last_words(output):
        progress.note(line)
    raise apt_report.trouble(what, output)


def _unlocked(argv: Sequence[str], what: str, progress: Progress) -> tuple[int, str]:
    """Run it, again and again while another program holds dpkg's locks; exit code and output."""
    deadline = time.monotonic() + LOCK_PATIENCE
    told = None
    while True:
        code, output = _run(argv)
        holder = apt_report.holder(output)
        if code == 0 or holder is None:
            return code, output
        if time.monotonic() > deadline:
            raise Trouble(
                _("{what}: {holder} still holds apt's lock after {time}").format(
                    what=what, holder=holder, time=duration(LOCK_PATIENCE)
                ),
                _("wait for it to end (`ps {pid}`), then run this again").format(pid=holder.pid),
            )
        if holder != told:
            progress.note(_("waiting for {holder}: it holds apt's lock").format(holder=holder))
            told = holder
        time.sleep(LOCK_PAUSE)


def _run(argv: Sequence[str]) -> tuple[int, str]:
    """Run it out of reach of Ctrl-C, which would leave dpkg half done; exit code and output."""
    with subprocess.Popen(
        argv,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as running:
        try:
            output, _none = running.communicate()
        except KeyboardInterrupt:
            running.send_signal(signal.SIGINT)  # apt stops a download, and lets dpkg end
            running.communicate()
            raise
    return running.returncode, output


def _environment() -> dict[str, str]:
    """English, since we read it; no questions, and no restarting of other people's services."""
    fixed = {"LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", "NEEDRESTART_SUSPEND": "1"}
    paths = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"  # dpkg insists on sbin
    return {**os.environ, **fixed, "PATH": paths}
