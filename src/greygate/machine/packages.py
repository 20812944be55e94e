"""Debian packages that Greygate needs: which are missing, and how they come."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from greygate.errors import MissingProgram, Trouble
from greygate.machine import apt, apt_report, backports, hush
from greygate.progress import Progress
from greygate.text import _, listing

YGGDRASIL = "yggdrasil"
# Today's network speaks 0.5; an older node cannot join it.
AT_LEAST = {YGGDRASIL: (0, 5)}
# From which version on something is mended that matters to whoever runs it, and what.
MENDS = {YGGDRASIL: ((0, 5, 14), _("does not crash of malformed packets"))}


def missing(packages: Sequence[str]) -> tuple[str, ...]:
    """Those of `packages` that are not installed, or are too old."""
    there = _installed(packages)
    return tuple(it for it in packages if it not in there or not _new_enough(it, there[it]))


def ensure(packages: Sequence[str], progress: Progress) -> None:
    """Install what is missing, after saying so; nothing that comes is left running."""
    root = os.geteuid() == 0
    if root and (hush.is_unsettled() or missing(packages)):
        apt.settle(progress)  # the apt of a run that was killed goes on without it, or was killed
        hush.settle()
    wanted = missing(packages)
    if not wanted:
        return
    _refuse_old(wanted)
    what = _("cannot install {packages}").format(packages=listing(wanted))
    if not root:
        raise MissingProgram(f"{what}: " + _("that needs root"), _by_hand(wanted))
    chosen = _choose(wanted, what, progress)
    progress.note(_("installing {packages} with apt").format(packages=listing(wanted)))
    with progress.step(_("installing {packages}").format(packages=listing(wanted))):
        _install(chosen, what, progress)
    if still := missing(packages):
        raise Trouble(
            _("cannot go on: apt did not bring {packages}").format(packages=listing(still)),
            _("see what `apt-get install {packages}` says").format(packages=" ".join(still)),
        )


def outdated(packages: Sequence[str]) -> Iterator[str]:
    """What is worth saying of packages whose newer version mends something, where it is offered."""
    for package, version in _installed([it for it in packages if it in MENDS]).items():
        wanted, what = MENDS[package]
        if apt_report.numbers(version) >= wanted:
            continue
        if found := apt_report.offered_since(wanted, _policy(package)):
            yield _(
                "note: {package} {version} is installed, and {found} {what}; "
                "as root: apt-get install {package}={found}, then restart it"
            ).format(package=package, version=version, found=found, what=what)


def forget_sources() -> None:
    """Remove what was added to apt's sources; the packages stay, but get no more updates."""
    backports.forget()


def _choose(wanted: Sequence[str], what: str, progress: Progress) -> tuple[str, ...]:
    """Each package as apt is to be asked for it, once apt knows them all."""
    if not _known(wanted):
        said = apt.update(progress)
        if not _known(wanted):
            raise apt_report.trouble(what, said + apt.simulate("install", *wanted))
    return tuple(_as_apt_takes(it) or _from_backports(it, progress) for it in wanted)


def _install(chosen: Sequence[str], what: str, progress: Progress) -> None:
    """Install; where the lists name versions that are gone, refresh them and try once more."""
    try:
        _install_hushed(chosen, what, progress)
    except apt_report.Stale:
        apt.update(progress)
        _install_hushed(chosen, what, progress)


def _install_hushed(chosen: Sequence[str], what: str, progress: Progress) -> None:
    coming = apt_report.coming(apt.simulate("install", *chosen))
    with hush.hushed(hush.strays(coming)):
        apt.install(chosen, what, progress)


def _known(wanted: Sequence[str]) -> bool:
    return apt_report.candidates(_policy(*wanted)).keys() >= set(wanted)


def _as_apt_takes(package: str) -> str | None:
    """`package`, or `package=version` where apt would choose an old one; None: all are too old."""
    policy = _policy(package)
    candidate = apt_report.candidates(policy).get(package)
    if candidate is None or _new_enough(package, candidate):
        return package
    newer = (it for it in apt_report.offered(policy) if _new_enough(package, it))
    return next((f"{package}={version}" for version in newer), None)


def _from_backports(package: str, progress: Progress) -> str:
    backports.add(package, progress)
    return package


def _refuse_old(wanted: Sequence[str]) -> None:
    """An old version that somebody installed is in use: it is not replaced behind his back."""
    for package, version in _installed(wanted).items():
        raise Trouble(
            _(
                "cannot use the {package} {version} that is installed: "
                "today's network speaks 0.5, which it does not"
            ).format(package=package, version=version),
            _by_hand([package]),
        )


def _by_hand(wanted: Sequence[str]) -> str:
    """The commands that bring the packages, ready to paste."""
    asked = {it: _as_apt_takes(it) for it in wanted}
    steps = ["apt-get update"]
    names = " ".join(name or f"{it}/{backports.suite()}" for it, name in asked.items())
    if None in asked.values():
        steps.insert(0, backports.by_hand())
    steps.append(f"apt-get install --no-install-recommends {names}")
    return _("as root: {commands}").format(commands=" && ".join(steps))


def _new_enough(package: str, version: str) -> bool:
    return apt_report.generation(version) >= AT_LEAST.get(package, (0, 0))


def _installed(packages: Sequence[str]) -> dict[str, str]:
    if not packages:  # dpkg-query would show all that there are
        return {}
    form = "${Package} ${db:Status-Status} ${Version}\n"
    return apt_report.installed(apt.look("dpkg-query", "--show", f"--showformat={form}", *packages))


def _policy(*packages: str) -> str:
    return apt.look("apt-cache", "policy", *packages)
