"""HAProxy cannot start a new worker: `apply` says so, and everything is as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from greygate.lab.world import World
from lab import federation
from lab.federation import Sealed, greygate, run

pytestmark = pytest.mark.lab

UNIT = "greygate-haproxy.service"
ACCOUNT = "greygate-haproxy"
SITE = "etc/greygate/site.toml"
RENDERED = "var/lib/greygate/rendered"
SECOND_EDGE = """
[[edge]]
id = "edge2"
name = "edge2.twinkle.example"
addresses = ["203.0.113.77"]
"""
FEW = 300  # files; 1000 connections want some 2000


@pytest.fixture
def home(sealed: Sealed) -> Iterator[World]:
    """With another site file, which is put back."""
    path = sealed.lab.places.root("home") / SITE
    before = path.read_text()
    path.write_text(before + SECOND_EDGE)
    yield sealed.lab
    path.write_text(before)
    greygate(sealed.lab, "home", "apply", "--yes")


def limited(lab: World, files: int) -> None:
    pid = run(lab, "home", "systemctl", "show", "-P", "MainPID", UNIT).stdout.strip()
    # As that account: not even root of a container may take from another's process.
    alike = ("setpriv", f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--clear-groups")
    done = run(lab, "home", *alike, "prlimit", f"--nofile={files}:{files}", "--pid", pid)
    assert done.returncode == 0, done.stderr


def config(lab: World) -> str:
    return (lab.places.root("home") / RENDERED / "haproxy/haproxy.cfg").read_text()


def test_a_reload_that_fails_is_told_and_stepped_back(home: World) -> None:
    before = config(home)
    limited(home, FEW)
    said = greygate(home, "home", "apply", "--yes", fails=True)
    assert "cannot reload haproxy: its new worker did not come up" in said
    assert "FD limit" in said
    assert config(home) == before
    assert federation.status(home)["people"]["reachable"] == "yes"
    assert run(home, "home", "systemctl", "restart", UNIT).returncode == 0  # with its usual limit
    greygate(home, "home", "apply", "--yes")
    assert config(home) != before
    assert federation.status(home)["people"]["reachable"] == "yes"


def test_the_hourly_look_sees_its_own_reload_succeed(sealed: Sealed) -> None:
    """In its sandbox, where HAProxy's processes are hidden; the certificate cannot be exchanged."""
    lab = sealed.lab
    lost = ("rm", "/var/lib/greygate/certs/server.pem", "/run/greygate/haproxy/admin.sock")
    assert run(lab, "home", *lost).returncode == 0
    done = run(lab, "home", "systemctl", "start", "greygate-renew.service")
    said = run(lab, "home", "journalctl", "-u", "greygate-renew.service", "-n", "20", "-o", "cat")
    assert done.returncode == 0, said.stdout
    assert federation.status(lab)["people"]["reachable"] == "yes"
    assert (lab.places.root("home") / "var/lib/greygate/certs/server.pem").exists()
