"""A unit that wants more memory than it may have: the kernel ends it, and it alone.

The kernel's own control groups do it: home's systemd limits its units as on any machine.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from greygate.lab import groups
from greygate.lab.world import World
from lab import federation
from lab.federation import Sealed, greygate, run
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

UNIT = "greygate-synapse.service"
FILE = f"etc/systemd/system/{UNIT}"
# nspawn lets a host look at the groups of memory, and not make any (where each kind has a tree).
WRITABLE = "[ ! -d /sys/fs/cgroup/memory ] || mount -o remount,bind,rw /sys/fs/cgroup/memory"
OTHERS = ("greygate-haproxy", "greygate-yggdrasil", "greygate-keeper")
ROOM = 50 * 2**20  # octets beyond what Synapse has: what GREED makes it want is four times that
# One request of 9 MB that becomes three million objects; to the socket, past HAProxy's limits.
GREED = """
import socket, sys
body = b'{"a":[' + b",".join([b"{}"] * 3_000_000) + b"]}"
head = f"POST /_matrix/client/v3/login HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: {len(body)}"
with socket.socket(socket.AF_UNIX) as channel:
    channel.connect("/run/greygate/synapse/client.sock")
    channel.sendall(head.encode() + b"\\r\\nX-Forwarded-For: ::1\\r\\n\\r\\n" + body)
    channel.settimeout(60)
    sys.exit(0 if channel.recv(1) else 1)
"""


@pytest.fixture(scope="module")
def home(sealed: Sealed) -> World:
    """Home, where systemd may limit memory."""
    assert run(sealed.lab, "home", "sh", "-c", WRITABLE).returncode == 0
    run(sealed.lab, "home", "systemctl", "daemon-reexec")
    run(sealed.lab, "home", "systemctl", "restart", UNIT)
    wait_until(lambda: reachable(sealed.lab), within=60, what="Synapse")
    return sealed.lab


def reachable(lab: World) -> bool:
    return bool(federation.status(lab)["people"]["reachable"] == "yes")


def group(lab: World) -> Path:
    """The unit's group of memory, as this machine has it."""
    pid = shown(lab, UNIT, "MainPID")
    inside = run(lab, "home", "cat", f"/proc/{pid}/cgroup").stdout
    found = re.search(r"^(?:\d+:memory|0:):(.*)$", inside, re.MULTILINE)
    assert found is not None, inside
    (top,) = (it for it in groups.hierarchies() if it.name in ("memory", "cgroup"))
    return next(top.glob(f"{lab.places.group}/home/machine/**{found[1]}"))


def limit(lab: World) -> int:
    """What the kernel lets it have."""
    names = ("memory.limit_in_bytes", "memory.max")
    place = next(group(lab) / it for it in names if (group(lab) / it).exists())
    return int(place.read_text())


def shown(lab: World, unit: str, name: str) -> str:
    return run(lab, "home", "systemctl", "show", "-P", name, unit).stdout.strip()


def allow(lab: World, octets: int) -> None:
    """Another limit in the unit's file, as an earlier version or another machine had it."""
    path = lab.places.root("home") / FILE
    text = re.sub(r"(?m)^MemoryHigh=.*\n", "", path.read_text())
    path.write_text(re.sub(r"(?m)^MemoryMax=.*$", f"MemoryMax={octets}", text))
    assert run(lab, "home", "systemctl", "daemon-reload").returncode == 0


def wanted(lab: World) -> int:
    found = re.search(r"^MemoryMax=(\d+)M$", (lab.places.root("home") / FILE).read_text(), re.M)
    assert found is not None
    return int(found[1]) * 2**20


def test_the_kernel_knows_the_limit_and_apply_changes_it_without_a_restart(home: World) -> None:
    most, pid = wanted(home), shown(home, UNIT, "MainPID")
    assert limit(home) == most
    allow(home, most // 2)
    greygate(home, "home", "apply", "--yes")
    assert limit(home) == wanted(home) == most
    assert shown(home, UNIT, "MainPID") == pid


def test_what_wants_too_much_is_ended_alone_told_and_started_again(home: World) -> None:
    before = [shown(home, it, "MainPID") for it in OTHERS]
    pid = shown(home, UNIT, "MainPID")
    allow(home, resident(home, pid) + ROOM)
    assert run(home, "home", "python3", "-c", GREED).returncode != 0, "it was answered"
    told = federation.status(home)
    assert re.search(r"synapse was killed .* ago and is being restarted", told["people"]["cause"])
    assert [shown(home, it, "MainPID") for it in OTHERS] == before
    greygate(home, "home", "apply", "--yes")  # it waits until Synapse is there again
    assert reachable(home)
    (end,) = (it["end"] for it in federation.status(home)["services"] if it["name"] == "synapse")
    assert end["result"] in ("signal", "oom-kill")


def resident(lab: World, pid: str) -> int:
    """What a process has in memory, octets."""
    told = run(lab, "home", "cat", f"/proc/{pid}/status").stdout
    found = re.search(r"^RssAnon:\s+(\d+) kB$", told, re.MULTILINE)
    assert found is not None, told
    return int(found[1]) * 1024
