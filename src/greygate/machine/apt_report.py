"""What apt and dpkg mean by their words (in English): pure functions over their output."""

from __future__ import annotations

import re
from dataclasses import dataclass

from greygate.errors import Trouble
from greygate.text import _

SAID_LINES = 6  # as many of apt's last words as a person will read


class Stale(Trouble):
    """Apt's lists name archives that are gone: they want refreshing."""


class NoSuite(Trouble):
    """A source names a suite that its mirror does not have."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The program that holds a lock which apt needs."""

    pid: int
    program: str

    def __str__(self) -> str:
        return f"{self.program} (pid {self.pid})"


@dataclass(frozen=True, slots=True)
class Archive:
    """Where this machine takes its release from, as its own sources name it."""

    uri: str
    codename: str


@dataclass(frozen=True, slots=True)
class _Cause:
    words: str  # a pattern for what apt or dpkg prints
    why: str
    hint: str


_AGAIN = _("then run this again: it goes on where it stopped")

# The first that fits wins: a full disk, too, ends in "Failed to fetch".
_CAUSES = (
    _Cause(
        r"No space left on device|don't have enough free space|Disk quota exceeded",
        _("the disk is full"),
        _("make room (`df -h` shows where), ") + _AGAIN,
    ),
    _Cause(
        r"dpkg was interrupted",
        _("an earlier installation was interrupted"),
        _("run `dpkg --configure -a`, ") + _AGAIN,
    ),
    _Cause(
        r"Read-only file system",
        _("the file system is read-only"),
        _("make it writable, ") + _AGAIN,
    ),
    _Cause(
        r"not valid yet|is expired \(invalid since",
        _("by this machine's clock the package lists are not valid now"),
        _("look at `date` and set the clock, ") + _AGAIN,
    ),
    _Cause(
        r"NO_PUBKEY|is not signed|EXPKEYSIG|signatures couldn't be verified",
        _("apt does not trust its sources"),
        _("mend what `apt-get update` complains of, ") + _AGAIN,
    ),
    _Cause(
        r"ertificate verif|SSL connection failed|TLS handshake|handshake failed",
        _("apt does not trust the certificate of its source"),
        _("install ca-certificates, or look at what stands between here and there, ") + _AGAIN,
    ),
    _Cause(
        r"Temporary failure resolving|Could not resolve|[Cc]ould not connect|Unable to connect"
        r"|Cannot initiate the connection|Connection (failed|timed out|refused)|is unreachable",
        _("apt's sources cannot be reached"),
        _("look at the network (`apt-get update` shows when it works), ") + _AGAIN,
    ),
    _Cause(
        r"unmet dependencies|held broken packages|Unmet dependencies",
        _("apt's packages do not fit together"),
        _("run `apt-get --fix-broken install`, ") + _AGAIN,
    ),
    _Cause(
        r"Unable to locate package|no installation candidate|Version '.*' for '.*' was not found",
        _("this machine's sources do not have it"),
        _("look into /etc/apt/sources.list and /etc/apt/sources.list.d, ") + _AGAIN,
    ),
)


# Not one package that went, which a refresh of the lists cures, but a suite that is not there.
_NO_SUITE = r"^E: The repository '(?P<source>[^']+) Release' does not have a Release file"


def holder(output: str) -> Holder | None:
    """Who holds the lock that made apt give up, if that was it."""
    if found := re.search(r"It is held by process (\d+)(?: \((.*?)\))?", output):
        return Holder(int(found[1]), found[2] or "?")
    found = re.search(r"lock was locked by another process with pid (\d+)", output)  # dpkg's words
    return Holder(int(found[1]), "?") if found else None


def is_half_done(output: str) -> bool:
    """Whether apt refuses to go on because an earlier installation was cut short."""
    return re.search(r"dpkg was interrupted|Unmet dependencies|be reinstalled", output) is not None


def trouble(what: str, output: str) -> Trouble:
    """Why apt could not do it, and what to do next; `what` reads "cannot install haproxy"."""
    if found := re.search(_NO_SUITE, output, re.MULTILINE):
        why = _("apt has a source whose mirror does not have it: {source}").format(
            source=found["source"]
        )
        hint = _("correct it or take it away: grep -r {uri} /etc/apt/sources.list*; ").format(
            uri=found["source"].split()[0]
        )
        return NoSuite(f"{what}: {why}", hint + _AGAIN)
    if re.search(r"404  Not Found|Hash Sum mismatch", output):
        why = _("apt's package lists are older than its sources")
        return Stale(f"{what}: {why}", _("run `apt-get update`, ") + _AGAIN)
    for cause in _CAUSES:
        if re.search(cause.words, output):
            return Trouble(f"{what}: {cause.why}", cause.hint)
    said = last_words(output)
    why = said[-1] if said else _("apt was ended before it was done")
    return Trouble(f"{what}: {why}", _("mend that, ") + _AGAIN)


def last_words(output: str) -> tuple[str, ...]:
    """The lines that tell what went wrong, the last few, each once."""
    telling = re.findall(r"^(?:E: |W: |dpkg: error|Err:| cannot )[^\n]*", output, re.MULTILINE)
    return tuple(dict.fromkeys(line.strip() for line in telling))[-SAID_LINES:]


def installed(output: str) -> dict[str, str]:
    """Package to version, from dpkg-query's `${Package} ${db:Status-Status} ${Version}` lines."""
    words = (line.split() for line in output.splitlines())
    return {three[0]: three[2] for three in words if len(three) == 3 and three[1] == "installed"}


def candidates(output: str) -> dict[str, str]:
    """Package to the version that apt would install now, from `apt-cache policy`."""
    found = re.findall(r"^(\S+):\n  Installed: .*\n  Candidate: (.+)$", output, re.MULTILINE)
    return {package: version for package, version in found if version != "(none)"}


_VERSION_WITH_SOURCES = r"^(?:     | \*\*\* )(\S+) -?\d+\n((?: {8,}.*(?:\n|\Z))+)"


def offered(output: str) -> tuple[str, ...]:
    """Every version in the version tables of `apt-cache policy` that can be fetched, best first.

    Of a package that was removed and not purged, dpkg knows a version that no archive may have.
    """
    rows = re.findall(_VERSION_WITH_SOURCES, output, re.MULTILINE)
    return tuple(
        version
        for version, sources in rows
        if any(not source.endswith("/var/lib/dpkg/status") for source in sources.splitlines())
    )


def offered_since(wanted: tuple[int, ...], policy: str) -> str | None:
    """The best version that can be fetched and is `wanted` or newer, by `apt-cache policy`."""
    return next((it for it in offered(policy) if numbers(it) >= wanted), None)


def coming(simulation: str) -> tuple[str, ...]:
    """The packages that `apt-get --simulate install` would bring new; upgrades are not among."""
    return tuple(re.findall(r"^Inst (\S+) \(", simulation, re.MULTILINE))


def installations(simulation: str) -> frozenset[str]:
    """Every `Inst` line: what apt would put where, and which version."""
    return frozenset(re.findall(r"^Inst .*$", simulation, re.MULTILINE))


def archive(index_targets: str) -> Archive | None:
    """The archive of the release itself, from `apt-get indextargets`: not security, not updates."""
    for stanza in index_targets.split("\n\n"):
        fields = dict(re.findall(r"^([\w-]+): (.*)$", stanza, re.MULTILINE))
        ours = (fields.get("Origin"), fields.get("Label"), fields.get("Component"))
        if ours == ("Debian", "Debian", "main") and fields["Codename"].isalpha():
            return Archive(uri=fields["Repo-URI"], codename=fields["Codename"])
    return None


def numbers(version: str) -> tuple[int, ...]:
    """All numbers of upstream's version: (0, 5, 12) of `0.5.12-1~bpo12+1`."""
    upstream = version.partition(":")[2] or version
    return tuple(map(int, re.findall(r"\d+", re.split(r"[-+~]", upstream)[0])))


def generation(version: str) -> tuple[int, int]:
    """The first two numbers of a Debian version: (0, 5) of `0.5.12-1~bpo12+1`."""
    found = re.match(r"(?:\d+:)?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
