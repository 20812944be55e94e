"""Bare Debian machines: what `debootstrap --variant=minbase` makes, and the clone, nothing else."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from greygate.lab import mounts
from greygate.machine import apt, apt_report

CLONE = Path(__file__).parents[2]
INSIDE = "/srv/grey gate"  # where a machine sees the clone, read-only; a path people do have
Layers = tuple[Path, ...]  # topmost first
CACHE = Path(os.environ.get("GREYGATE_LAB_CACHE") or "/var/cache/greygate-lab") / "bare"

# How this machine reaches the package index is not the bare machine's fault: it is passed on.
PASSED_ON = ("PIP_INDEX_URL", "http_proxy", "https_proxy", "no_proxy")
CERTIFICATES = "/srv/certificates.pem"
LIST_JOBS = ("systemctl", "list-jobs")
BOOT_WITHIN = 60.0  # seconds; 1 measured, but a loaded machine is no fault


@dataclass(frozen=True, slots=True)
class Machine:
    """A bare machine of its own: what is done in it is gone with it."""

    root: Path

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        timeout: float = 600,
        options: Sequence[str] = (),
    ) -> subprocess.CompletedProcess[str]:
        """Run a program in it; its stdout and stderr come as one text. Ends with all it started."""
        settings = _passed_on() | dict(env or {})
        return subprocess.run(
            (
                *("systemd-nspawn", "--quiet", f"--directory={self.root}", "--as-pid2", "--pipe"),
                f"--machine={_label(self.root)}",
                *("--register=no", "--keep-unit", "--timezone=off", "--link-journal=no"),
                *(f"--setenv={name}={value}" for name, value in settings.items()),
                *(f"--bind-ro={outer}:{inner}" for outer, inner in _bound().items()),
                *(options or ("--resolv-conf=bind-host",)),
                *argv,
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )

    def offline(self, argv: Sequence[str], *, timeout: float = 600) -> str:
        """Run a program where there is no network; what it said."""
        return self.run(argv, timeout=timeout, options=("--private-network",)).stdout

    @contextmanager
    def booted(self) -> Iterator[Booted]:
        """The machine under its own systemd, with no network but loopback."""
        with (self.root.parent / "console.log").open("wb") as console:
            nspawn = subprocess.Popen(
                (
                    *("systemd-nspawn", "--quiet", f"--directory={self.root}", "--boot"),
                    f"--machine={_label(self.root)}",
                    *("--register=no", "--keep-unit", "--private-network", "--console=pipe"),
                    *("--resolv-conf=off", "--timezone=off", "--link-journal=no"),
                    *(f"--bind-ro={outer}:{inner}" for outer, inner in _bound().items()),
                ),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )
        try:
            booted = Booted(_leader(nspawn.pid))
            booted.await_up()
            yield booted
        finally:
            # Only the leader's end ends the machine: killing nspawn leaves it running.
            if leader := _first_in(nspawn.pid):
                with suppress(ProcessLookupError):
                    os.kill(leader, 34 + 4)  # SIGRTMIN+4: power off
            nspawn.wait(BOOT_WITHIN)


@dataclass(frozen=True, slots=True)
class Booted:
    """A bare machine whose systemd runs."""

    leader: int

    def run(self, *argv: str) -> str:
        """Run a program in it; what it said."""
        inside = (
            "nsenter",
            "--target",
            str(self.leader),
            *("-m", "-u", "-i", "-n", "-p", "-C", "--"),
        )
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.run(
            (*inside, *argv),
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout

    def await_up(self) -> None:
        deadline = time.monotonic() + BOOT_WITHIN
        while self.run("systemctl", "is-system-running").strip() not in ("running", "degraded"):
            assert time.monotonic() < deadline, f"still to start: {self.run(*LIST_JOBS)}"
            time.sleep(0.1)


@contextmanager
def machine_above(layers: Layers, below: Path) -> Iterator[Machine]:
    """A machine whose disk is those layers; what it writes goes into one more, on top."""
    root, work = below / "root", below / "work"
    for folder in (root, work, upper(below)):
        folder.mkdir(parents=True)
    lower = ":".join(map(str, layers))
    options = f"lowerdir={lower},upperdir={upper(below)},workdir={work}"
    subprocess.run(("mount", "-t", "overlay", "overlay", "-o", options, root), check=True)
    try:
        yield Machine(root)
    finally:
        subprocess.run(("umount", root), check=True)


def take_away(folder: str) -> None:
    """End what still runs in machines below there, and remove all of them."""
    disks = {it.stat().st_dev for it in mounts.below(Path(folder))} - {Path("/").stat().st_dev}
    for pid in (int(it.name) for it in Path("/proc").iterdir() if it.name.isdigit()):
        with suppress(OSError):
            if Path(f"/proc/{pid}/root").stat().st_dev in disks:
                os.kill(pid, signal.SIGKILL)
    mounts.clear(Path(folder))
    mounts.clear_exports(_prefix(Path(folder)))
    shutil.rmtree(folder)


def _label(root: Path) -> str:
    """What nspawn calls the machine: no two at a time have one name."""
    return f"{_prefix(root.parents[1])}{root.parent.name}"


def _prefix(folder: Path) -> str:
    return f"gg-bare-{hashlib.sha256(bytes(folder)).hexdigest()[:8]}-"


def upper(below: Path) -> Path:
    """The layer that such a machine wrote."""
    return below / "upper"


def bare_tree(release: str) -> Path:
    """The release's bare tree; made once, then kept."""
    kept, making = CACHE / release, CACHE / f"{release}.making"
    if not kept.is_dir():
        CACHE.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(making, ignore_errors=True)
        made = ("debootstrap", "--variant=minbase", release, str(making), *_mirror())
        done = subprocess.run(made, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:]
        making.rename(kept)
    return kept


def _mirror() -> tuple[str, ...]:
    """This machine's own mirror, where it is a Debian itself."""
    found = apt_report.archive(apt.look("apt-get", "indextargets", "Created-By: Packages"))
    return (found.uri,) if found else ()


def _passed_on() -> dict[str, str]:
    settings = {it: os.environ[it] for it in PASSED_ON if it in os.environ}
    return settings | ({"PIP_CERT": CERTIFICATES} if "PIP_CERT" in os.environ else {})


def _bound() -> dict[str, str]:
    certificates = os.environ.get("PIP_CERT")
    return {str(CLONE): INSIDE} | ({certificates: CERTIFICATES} if certificates else {})


def _leader(nspawn: int) -> int:
    """The machine's first process, once there is one."""
    deadline = time.monotonic() + BOOT_WITHIN
    while (leader := _first_in(nspawn)) is None:
        assert time.monotonic() < deadline, "the machine does not start"
        time.sleep(0.05)
    return leader


def _first_in(nspawn: int) -> int | None:
    """The child of nspawn that is number 1 to itself: another only begins it, and ends."""
    for child in Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text("ascii").split():
        with suppress(FileNotFoundError, ProcessLookupError):
            status = Path(f"/proc/{child}/status").read_text("utf-8")
            if re.search(r"^NSpid:\t.+\t1$", status, re.MULTILINE):
                return int(child)
    return None
