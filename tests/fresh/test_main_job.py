"""The README's first command on machines that have nothing, and what a person does next."""

from __future__ import annotations

import json
import os
import stat
from typing import Any

import pytest

from fresh.bare import INSIDE, Machine
from fresh.conftest import Bare

pytestmark = pytest.mark.fresh

UP = 900.0  # seconds; about 60 measured, most of it downloads
TUN = os.makedev(10, 200)

# What a person's app does, with nothing but what the first start said.
LOG_IN = """
import json, ssl, sys, urllib.request
said = json.load(open("/root/said.json"))
first = said["first_person"]
identifier = {"type": "m.id.user", "user": first["user_id"]}
asked = {"type": "m.login.password", "identifier": identifier, "password": first["password"]}
trusted = ssl.create_default_context(cafile=said["authority"])
request = urllib.request.Request(
    said["homeserver_by_address"] + "/_matrix/client/v3/login",
    json.dumps(asked).encode(), {"Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(request, context=trusted))["user_id"])
"""

DAY = f"""
set -e
cd "{INSIDE}"
./greygate up --detach --json >/root/said.json
./greygate status --json >/root/status.json || true
python3 -c '{LOG_IN}'
./greygate down
"""


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_up_serves_people_and_says_it_plainly_where_there_is_no_overlay(
    bare: Bare, release: str
) -> None:
    machine = bare(release)
    first = machine.run(["sh", "-c", DAY], timeout=UP)
    said = told(machine, "said.json", first.stdout)
    assert said["first_person"]["user_id"] in first.stdout
    assert not said["overlay"]
    assert "this is NOT the overlay" in first.stdout
    # With a TUN device and no network at all, once everything is there: the overlay.
    assert machine.run([f"{INSIDE}/greygate", "prepare"]).returncode == 0
    second = machine.run(["sh", "-c", DAY.replace(LOG_IN, "")], options=overlay(machine))
    said = told(machine, "said.json", second.stdout)
    assert said["overlay"], second.stdout
    assert said["addresses"][0].startswith("2")
    status = told(machine, "status.json", second.stdout)
    assert {it["name"]: it["state"] for it in status["services"]} == dict.fromkeys(
        ("yggdrasil", "synapse", "haproxy"), "up"
    )
    assert "no peers" in status["people"]["cause"]


def told(machine: Machine, name: str, output: str) -> dict[str, Any]:
    path = machine.root / "root" / name
    assert path.exists() and path.read_text("utf-8"), output
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    assert "error" not in found, (found, output)
    return found


def overlay(machine: Machine) -> tuple[str, ...]:
    """A network of its own with the device that an overlay needs."""
    device = machine.root.parent / "tun"  # no device opens in Debian 13's /tmp
    os.mknod(device, stat.S_IFCHR | 0o666, TUN)
    device.chmod(0o666)
    return ("--private-network", f"--bind={device}:/dev/net/tun")
