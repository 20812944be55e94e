"""Debian's backports as a source for Yggdrasil alone; the machine's other packages stay theirs."""

from __future__ import annotations

import platform
from pathlib import Path

from greygate.errors import Trouble
from greygate.machine import apt, apt_report, files
from greygate.machine.apt_report import Archive
from greygate.progress import Progress
from greygate.text import _

SOURCES = Path("/etc/apt/sources.list.d/greygate-backports.sources")
PREFERENCES = Path("/etc/apt/preferences.d/greygate-backports")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_HEADING = "# Written by Greygate: {package} from backports; nothing else comes from there.\n"


def add(package: str, progress: Progress) -> None:
    """Let apt take `package`, and nothing else, from backports on this machine's own mirror."""
    mirror = _mirror(package)
    progress.note(
        _("adding {suite} to apt's sources, for {package} alone: {path}").format(
            suite=suite(), package=package, path=SOURCES
        )
    )
    upgrades, candidate = _upgrades(), _candidate(package)
    try:
        _write(PREFERENCES, preferences(mirror, package))  # first: the source must not act alone
        _write(SOURCES, sources(mirror, package, keyring=KEYRING if KEYRING.exists() else None))
        said = _refreshed(mirror, package, progress)
        if _candidate(package) == candidate:
            what = _("cannot take {package} from {suite}").format(package=package, suite=suite())
            raise apt_report.trouble(what, said)
        if _upgrades() != upgrades:
            raise _changes(_upgrades() - upgrades)
    except BaseException:
        forget()
        raise


def _refreshed(mirror: Archive, package: str, progress: Progress) -> str:
    try:
        return apt.update(progress, options=_ONLY_OURS)
    except apt_report.NoSuite as absent:
        raise _not_there(mirror, package) from absent


def _not_there(mirror: Archive, package: str) -> Trouble:
    """Mirrors drop a release's backports when it gets old, and some never have them."""
    return Trouble(
        _("cannot install {package}: the mirror {uri} does not have {suite}").format(
            package=package, uri=mirror.uri, suite=f"{mirror.codename}-backports"
        ),
        _(
            "as root, name a MIRROR that has it (a release that is over is in Debian's archive): "
            "{source}; then run this again. Or upgrade to Debian 13, which needs none"
        ).format(source=_source_line("MIRROR", f"{mirror.codename}-backports")),
    )


def forget() -> None:
    """Take our source and its preferences away again."""
    SOURCES.unlink(missing_ok=True)
    PREFERENCES.unlink(missing_ok=True)


def sources(mirror: Archive, package: str, *, keyring: Path | None) -> str:
    """The source in apt's deb822 form."""
    signed = f"Signed-By: {keyring}\n" if keyring else ""
    return (
        _HEADING.format(package=package) + "Types: deb\n"
        f"URIs: {mirror.uri}\n"
        f"Suites: {mirror.codename}-backports\n"
        "Components: main\n"
        f"{signed}"
    )


def preferences(mirror: Archive, package: str) -> str:
    """Priority -1 bars a source; 500 is that of the machine's own release."""
    release = f"release n={mirror.codename}-backports"
    return _HEADING.format(package=package) + "\n".join(
        f"Package: {name}\nPin: {release}\nPin-Priority: {priority}\n"
        for name, priority in (("*", -1), (package, 500))
    )


# The other sources' lists are left as they are: a refresh of them is not ours to do here.
_ONLY_OURS = (
    *("-o", f"Dir::Etc::SourceList={SOURCES}"),
    *("-o", "Dir::Etc::SourceParts=-"),
    *("-o", "APT::Get::List-Cleanup=0"),
)


def suite() -> str:
    """The name of this machine's backports: `bookworm-backports`."""
    return f"{_codename()}-backports"


def by_hand() -> str:
    """The shell command that adds backports as anybody would, with apt's own caution."""
    mirror = _archive()
    return _source_line(mirror.uri if mirror else "MIRROR", suite())


def _source_line(uri: str, name: str) -> str:
    return f"echo 'deb {uri} {name} main' >{SOURCES.with_name('backports.list')}"


def _mirror(package: str) -> Archive:
    mirror = _archive()
    if mirror is None or mirror.codename != _codename():
        raise Trouble(
            _("cannot install {package}: this machine's sources have no new enough one").format(
                package=package
            ),
            _("use Debian 12 or newer, or install {package} 0.5 by hand").format(package=package),
        )
    return mirror


def _archive() -> Archive | None:
    return apt_report.archive(apt.look("apt-get", "indextargets", "Created-By: Packages"))


def _codename() -> str:
    return platform.freedesktop_os_release().get("VERSION_CODENAME", "")


def _upgrades() -> frozenset[str]:
    return apt_report.installations(apt.simulate("dist-upgrade"))


def _candidate(package: str) -> str | None:
    return apt_report.candidates(apt.look("apt-cache", "policy", package)).get(package)


def _changes(lines: frozenset[str]) -> Trouble:
    return Trouble(
        _("cannot add backports: apt would then change {count} other packages: {first}").format(
            count=len(lines), first=min(lines, default="?")
        ),
        _("look into /etc/apt/preferences.d: something there prefers backports"),
    )


def _write(path: Path, text: str) -> None:
    files.replace(path, text.encode(), owner=files.Owner.ourselves(), mode=0o644)
