"""Booted Debian hosts: systemd-nspawn on an overlayfs, each with its own namespace and group.

Facts behind this, measured on systemd 252: with --keep-unit nspawn ends with 133 when the host
reboots, and whoever started it must start it again; a SIGKILL of nspawn leaves the host's own
systemd running; SIGRTMIN+4 to that systemd is a clean power-off. A host that goes down stops all
processes in it for a moment, ends them, and hears of those that were entered from outside after
10 s only, or 90. Those 90 come where nsenter(1) waits outside: it stops with its child, for good.
"""

from __future__ import annotations

import logging
import os
import shlex
import signal
import stat
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from greygate.errors import NotRunning, Trouble
from greygate.lab import groups, mounts
from greygate.lab.places import Places
from greygate.text import _, duration, listing

log = logging.getLogger(__name__)

BOOT_WITHIN = 60.0  # seconds; under 1 s measured, but a loaded CI machine is no fault
POWER_OFF_WITHIN = 30.0  # 2 s measured; units may take their own time to stop
KILL_WITHIN = 10.0
POWER_OFF = signal.SIGRTMIN + 4  # systemd(1)
TUN = os.makedev(10, 200)  # Documentation/admin-guide/devices.txt
UP = ("running", "degraded")  # how `systemctl is-system-running` words the end of a boot

# Starts the host again when it reboots. Each start joins the host's control groups before nspawn
# begins, so that whatever is killed at whatever moment can be found by them.
KEEPER = """
for file in $KEEPER_GROUPS; do echo $$ >"$file"; done
code=133
while [ "$code" = 133 ]; do
    code=0
    sh -c 'for file in $HOST_GROUPS; do echo $$ >"$file"; done; exec "$@"' sh "$@" || code=$?
done
"""

# Waits outside in nsenter's place, and heeds no stop. What it did by itself would be done outside:
# a `kill` that is built in, or without the last word whatever it is given.
WAITING = 'env "$@"; exit $?'

# What a login as root would have; nothing of the environment that the lab was started from.
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "USER": "root",
    "LANG": "C.UTF-8",
}


def prepare(name: str, places: Places, layers: Sequence[Path]) -> None:
    """Give the host a disk of its own over `layers` (topmost first), and a TUN device."""
    top = places.host(name)
    for part in ("upper", "work", "root"):
        (top / part).mkdir(parents=True)
    mounts.overlay(places.root(name), lower=layers, upper=top / "upper", work=top / "work")
    os.mknod(_tun(name, places), stat.S_IFCHR | 0o666, TUN)
    _tun(name, places).chmod(0o666)  # the machine's own is often 0600, and mknod heeds the umask
    (places.root(name) / "etc/hostname").write_text(f"{name}\n")
    (places.root(name) / "etc/hosts").write_text(f"127.0.0.1 localhost {name}\n::1 localhost\n")


def power_on(name: str, places: Places) -> None:
    """Start booting the host; `wait` tells when it is up."""
    environment = {
        **os.environ,
        "KEEPER_GROUPS": " ".join(map(str, groups.make(f"{_group(name, places)}/keeper"))),
        "HOST_GROUPS": " ".join(map(str, groups.make(f"{_group(name, places)}/machine"))),
        # /proc/sys/net may be written inside, as on a real machine: forwarding, port ranges
        "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network",
    }
    with _console(name, places).open("ab") as console:
        subprocess.Popen(
            ("sh", "-c", KEEPER, "keeper", *_nspawn(name, places)),
            stdin=subprocess.DEVNULL,
            stdout=console,  # never ours: a caller's pipe would not end before the host does
            stderr=console,
            env=environment,
            start_new_session=True,
            cwd="/",
        )


def wait(name: str, places: Places, *, unlike: int | None = None) -> str:
    """Wait until the host is up, and tell how: `running` or `degraded`.

    `unlike` is the init of a boot that is over; while it goes down it is not asked.
    """
    ends_at = time.monotonic() + BOOT_WITHIN
    while time.monotonic() < ends_at:
        if leader(name, places) != unlike and (state := state_of(name, places)) in UP:
            return state
        time.sleep(0.05)
    raise Trouble(
        _("cannot boot {host}: not up after {time}").format(host=name, time=duration(BOOT_WITHIN)),
        _("its console said last: {line}").format(line=_last_line(name, places)),
    )


def leader(name: str, places: Places) -> int | None:
    """The host's init as this machine numbers it; None where the host is not up."""
    return groups.init_of(f"{_group(name, places)}/machine/payload/init.scope")


def state_of(name: str, places: Places) -> str:
    """What the host's systemd says of itself; `off` where there is none."""
    try:
        asked = execute(name, places, ("systemctl", "is-system-running"), timeout=10)
    except NotRunning:
        return "off"
    except subprocess.TimeoutExpired:  # a host that is going down may keep one waiting
        return "starting"
    return asked.stdout.strip() or "starting"


def command_in(name: str, places: Places, argv: Sequence[str]) -> tuple[str, ...]:
    """The command line that runs `argv` in the host as root, in root's home."""
    init = leader(name, places)
    if init is None:
        raise NotRunning(
            _("cannot run {command} in {host}: the host is not up").format(
                command=shlex.join(argv), host=name
            ),
            _("greygate lab up"),
        )
    settings = tuple(f"{key}={value}" for key, value in ENVIRONMENT.items())
    return (
        *("nsenter", "-t", str(init), "-m", "-u", "-i", "-n", "-p", "-C", "--wdns=/root"),
        *("--no-fork", "--", "env", "-i", *settings, "sh", "-c", WAITING, "sh", *argv),
    )


def execute(
    name: str, places: Places, argv: Sequence[str], *, given: str = "", timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run `argv` in the host to its end, with `given` as its input."""
    return subprocess.run(
        command_in(name, places, argv),
        input=given,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def power_off(names: Sequence[str], places: Places) -> None:
    """Power the hosts off, all at once; what does not heed that is killed."""
    for name in names:
        init = leader(name, places)
        if init is not None:
            with suppress(ProcessLookupError):
                os.kill(init, POWER_OFF)
    ends_at = time.monotonic() + POWER_OFF_WITHIN
    while any(leader(name, places) for name in names) and time.monotonic() < ends_at:
        time.sleep(0.05)
    for name in names:
        _put_out(name, places)


def _put_out(name: str, places: Places) -> None:
    """End what is left of the host: its keeper, and after a hard end the host's own init."""
    group = _group(name, places)
    ends_at = time.monotonic() + 2  # nspawn still tidies up after a clean power-off
    while leader(name, places) is None and groups.members(group) and time.monotonic() < ends_at:
        time.sleep(0.02)
    if not (
        groups.kill(f"{group}/keeper", within=KILL_WITHIN)
        and groups.kill(group, within=KILL_WITHIN)
    ):
        left = listing(groups.members(group))
        raise Trouble(
            _("cannot stop {host}: processes {left} stay").format(host=name, left=left),
            _("look at them with: ps -f {left}").format(left=left),
        )
    groups.remove(group)
    log.info("Powered off %s", name)


def _nspawn(name: str, places: Places) -> tuple[str, ...]:
    label = places.label(name)
    return (
        *("systemd-nspawn", "--quiet", "--boot", "--directory", str(places.root(name))),
        *("--register=no", "--keep-unit", f"--machine={label}", f"--hostname={name}"),
        f"--network-namespace-path=/run/netns/{label}",
        "--capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_NET_BIND_SERVICE",
        f"--bind={_tun(name, places)}:/dev/net/tun",
        *("--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe"),
    )


def _group(name: str, places: Places) -> str:
    return f"{places.group}/{name}"


def _tun(name: str, places: Places) -> Path:
    return places.host(name) / "tun"


def _console(name: str, places: Places) -> Path:
    return places.host(name) / "console.log"


def _last_line(name: str, places: Places) -> str:
    lines = _console(name, places).read_text(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), _("nothing"))
