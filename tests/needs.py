"""What tests of each mark need of this machine, and why some cannot run on it.

As a program (`./dev test` runs it as root, `./dev setup` too) it installs the system packages.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path, PurePosixPath
from shutil import which

from greygate.engine import synapse
from greygate.errors import Trouble
from greygate.lab.places import places_for
from greygate.machine import packages
from greygate.plan.paths import Paths

PACKAGES = (
    *("haproxy", "yggdrasil", "nftables", "iproute2"),
    *("systemd-container", "debootstrap", "git", "procps"),
    "curl",  # an app of its own kind: it hears a refusal otherwise than a browser does
    *("pebble", "unbound", "knot", "pdns-server", "pdns-backend-sqlite3"),
    *("ufw", "iptables"),  # other people's packet filters; neither does anything by itself
    "faketime",  # a clock that is far off
    *("nginx", "caddy"),  # the fronts that ours is compared with
)
# Apart from the others: Ubuntu has no package of Chromium.
APPS = (
    *("chromium", "libnss3-tools", "libnss-wrapper"),  # and names that only they know
    # From elsewhere Node brings npm along, and bars Debian's.
    *(() if which("npm") else ("nodejs", "npm")),
)
FURNISHED = "ip link set lo up && mount -t tmpfs none /mnt && nft list ruleset"
OVERLAID = "cd {} && mkdir a b c && mount -t overlay none -o lowerdir=a,upperdir=b,workdir=c a"
LAB_CACHE = places_for(os.environ).cache
DISKS = (LAB_CACHE, Path("/var/tmp"))  # where the hosts' disks are: of labs, of bare machines
SBIN = "/usr/sbin:/sbin"  # where Debian keeps most of what we need; a user's PATH may lack it


def engines() -> Paths:
    """Where tests keep Synapse's environment: one for all runs of this user with this Python.

    3.11.2 and 3.11.7 read some URLs differently, and one below /root is closed to the services.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    python = hashlib.sha256(f"{sys.base_prefix} {sys.version}".encode()).hexdigest()[:8]
    kept = PurePosixPath(cache) / "greygate-tests" / python
    return Paths.below(kept, kept / "run")


def _programs() -> str | None:
    absent = [it for it in ("haproxy", "yggdrasil", "nft", "ip", "curl") if not _found(it)]
    if absent:
        return f"there is no {' and no '.join(absent)} (as root, ./dev setup brings it)"
    if "yggdrasil" in packages.missing(["yggdrasil"]):
        return "the yggdrasil here is older than 0.5"
    return None


def _acme() -> str | None:
    if os.geteuid() != 0:
        return "not root (its name servers have port 53)"
    wanted = ("pebble", "unbound", "knotd", "pdns_server", "faketime")
    absent = [it for it in wanted if not _found(it)]
    if absent:
        return f"there is no {' and no '.join(absent)} (./dev setup brings it)"
    return None


def _engine() -> str | None:
    if synapse.is_ready(engines()):
        return None
    return _registries()


def _apps() -> str | None:
    absent = [it for it in ("chromium", "certutil", "node", "npm") if not _found(it)]
    absent += packages.missing(["libnss-wrapper"])
    if absent:
        return f"there is no {' and no '.join(absent)} (as root, ./dev setup brings it)"
    from clients import built  # which needs us

    return None if built.are_there() else _registries()


def _fronts() -> str | None:
    absent = [it for it in ("nginx", "caddy") if not _found(it)]
    if absent:
        return f"there is no {' and no '.join(absent)} (as root, ./dev setup brings it)"
    return _programs() or _engine()


def _lab() -> str | None:
    if os.geteuid() != 0:
        return "not root"
    absent = [it for it in ("systemd-nspawn", "debootstrap") if not _found(it)]
    if absent:
        return f"there is no {' and no '.join(absent)} (./dev setup brings it)"
    if not _works("unshare", "--mount", "--net", "sh", "-c", FURNISHED):
        return "no namespaces may be made and furnished here (a container without rights?)"
    barred = [str(it) for it in DISKS if not _carries_overlays(it)]
    if barred:
        return f"no overlay can lie on {' and '.join(barred)} (a container's own overlay?)"
    return None


def _carries_overlays(place: Path) -> bool:
    there = next(it for it in (place, *place.parents) if it.is_dir())
    with tempfile.TemporaryDirectory(dir=there) as below:
        return _works("unshare", "--mount", "sh", "-c", OVERLAID.format(below))


def _fresh() -> str | None:
    return _lab() or _registries()


LACKS: dict[str, Callable[[], str | None]] = {
    "programs": _programs,
    "acme": _acme,
    "engine": _engine,
    "apps": _apps,
    "fronts": _fronts,
    "lab": _lab,
    "fresh": _fresh,
}


@functools.cache
def why_not(mark: str) -> str | None:
    """Why tests with this mark cannot run here; None where they can."""
    return LACKS[mark]()


@functools.cache
def _registries() -> str | None:
    """Asks the index that pip is set up for, as pip will: through its proxy, with its settings."""
    pip = (sys.executable, "-m", "pip", "--quiet", "--retries", "0", "--timeout", "10")
    with tempfile.TemporaryDirectory() as there:
        asked = ("download", "--no-deps", "--no-cache-dir", "--dest", there, "segno")
        return None if _works(*pip, *asked) else "the package index cannot be reached"


def _found(program: str) -> bool:
    return which(program, path=f"{os.environ.get('PATH', os.defpath)}:{SBIN}") is not None


def _works(*argv: str) -> bool:
    return subprocess.run(argv, capture_output=True, check=False).returncode == 0


class _Told:
    """Progress on stderr, a line each."""

    def step(self, text: str) -> AbstractContextManager[None]:
        self.note(text)
        return nullcontext()

    def note(self, text: str) -> None:
        sys.stderr.write(f"./dev: {text}\n")


def main() -> None:
    """Install the system packages; what cannot be had is told, and its tests are left out."""
    if os.geteuid() != 0:
        return
    for wanted in (PACKAGES, APPS):
        try:
            packages.ensure(wanted, _Told())
        except Trouble as trouble:
            sys.stderr.write(f"./dev: {trouble.what}\n    next: {trouble.hint}\n")


if __name__ == "__main__":
    main()
