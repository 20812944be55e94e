"""How an edge sees that home refuses its key: by what a real node writes into its log."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

import pytest

from greygate.components.yggdrasil import PROGRAM
from greygate.edge.join import REFUSALS, greetings
from greygate.plan.token import Tenant
from greygate.probe.node_key import key_at
from greygate.spec.yggdrasil import address_of
from lab.waiting import wait_until
from our_end import WITH_US
from ports import free_port
from unit.plan.test_token import TOKEN

pytestmark = pytest.mark.programs


def made() -> dict[str, Any]:
    done = subprocess.run((PROGRAM, "-genconf", "-json"), capture_output=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return {**told, "IfName": "none", "MulticastInterfaces": [], "AdminListen": "none"}


def key(node: dict[str, Any]) -> str:
    return str(node["PrivateKey"])[64:]


@contextmanager
def running(node: dict[str, Any], place: Path) -> Iterator[Path]:
    """A node, and where its log is."""
    (config, log) = (place.with_suffix(it) for it in (".json", ".log"))
    config.write_text(json.dumps(node))
    command = (*WITH_US, PROGRAM, "-useconffile", str(config))
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out) as process:
        yield log
        process.terminate()


@pytest.mark.parametrize("old", [True, False])
def test_home_comes_again_and_again_where_the_token_is_old(tmp_path: Path, old: bool) -> None:
    edge, home, port = made(), made(), free_port()
    pinned = "ab" * 32 if old else key(edge)
    edge |= {"Listen": [f"tls://127.0.0.1:{port}"], "AllowedPublicKeys": [key(home)]}
    home |= {"Peers": [f"tls://127.0.0.1:{port}?key={pinned}&sni=x.edge.example"]}
    address: IPv6Address = address_of(bytes.fromhex(key(home)))
    token = replace(TOKEN, tenants=(Tenant(("twinkle.example",), address, 1),))
    with running(edge, tmp_path / "edge") as log, running(home, tmp_path / "home"):
        times = REFUSALS if old else 1
        wait_until(lambda: greetings(token, log.read_text()) >= times, within=20, what="greeted")
        assert ("Disconnected inbound" in log.read_text()) == old
        # What home looks for at a host that an edge has left.
        assert key_at("127.0.0.1", port, "x.edge.example") == key(edge)
        assert key_at("127.0.0.1", free_port(), "x.edge.example") is None
