"""An edge made from home over SSH: a rented host with nothing of ours on it, and Debian's sshd.

It stands where the lab's internet has its edge; what it would download is on its disk already.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from greygate.lab import names
from greygate.lab.topology import INTERNET
from greygate.lab.world import World
from lab import federation
from lab.conftest import Raise
from lab.federation import INIT, NAME, greygate, run
from lab.waiting import wait_until

pytestmark = pytest.mark.lab

THERE = ("names", "home", "edge")
RENTED = replace(
    INTERNET,
    name="rented",
    hosts=tuple(replace(it, clone=it.name == "home") for it in INTERNET.hosts if it.name in THERE),
    links=tuple(
        it
        for it in INTERNET.links
        if it.one.host in (*THERE, "router") and it.other.host in ("router", "backbone")
    ),
    routers=tuple(it for it in INTERNET.routers if it.name != "cafe"),
    elsewhere=(),
)
TARGET = "root@203.0.113.10"
# On the host: as soon as the program is there, its sshd loses this connection, and no other.
# ($$ is systemd-run's way to write $.)
CUT = """
until [ -e /tmp/tmp.*/greygate ]; do sleep 0.02; done
for at in /proc/[0-9]*; do
    grep -q '^sshd: root@notty' "$$at/cmdline" && kill -KILL "$${at#/proc/}"
done
"""
DEPLOY = ("edge", "deploy", "edge1", TARGET, "--json")


@pytest.fixture(scope="module")
def rented(lab: Raise) -> World:
    """A home that serves, and a host whose owner put home's key on it."""
    made = lab("deploytest", RENTED)
    key = asyncssh.generate_private_key("ssh-ed25519")
    for host, name in (("home", "id_ed25519"), ("edge", "authorized_keys")):
        folder = made.places.root(host) / "root/.ssh"
        folder.mkdir(mode=0o700, exist_ok=True)
        text = key.export_private_key() if host == "home" else key.export_public_key()
        (folder / name).write_bytes(text)
        (folder / name).chmod(0o600)
    greygate(made, "home", *INIT)
    names.publish(made.places, {NAME: greygate(made, "home", "dns", "plan", "--format", "zone")})
    greygate(made, "home", "install")
    return made


def fingerprint(lab: World) -> str:
    """As the host's owner reads it at its console."""
    key = lab.places.root("edge") / "etc/ssh/ssh_host_ed25519_key.pub"
    return asyncssh.read_public_key(str(key)).get_fingerprint()


def of_ours(lab: World) -> str:
    """What of ours lies about on the host."""
    names = ("-name", "tmp.*", "-o", "-name", "greygate")
    found = run(lab, "edge", "find", "/tmp", "/var/tmp", "/root", *names)
    return found.stdout


def deploy(lab: World, *more: str) -> Any:
    return json.loads(greygate(lab, "home", *DEPLOY, *more))


def test_a_host_that_is_not_known_is_not_spoken_to(rented: World) -> None:
    said = greygate(rented, "home", *DEPLOY[:-1], fails=True)
    assert "it is not known here" in said
    assert f"--host-key {fingerprint(rented)}" in said


def test_what_would_be_done_is_told_first(rented: World) -> None:
    told = deploy(rented, "--host-key", fingerprint(rented), "--dry-run")
    assert told["obstacles"] == []
    assert "Debian" in told["host"]["system"]
    assert told["host"]["edge"] is None
    assert not Path(rented.places.root("edge") / "usr/local/bin/greygate").exists()


def test_one_command_makes_it_an_edge_that_other_servers_come_in_by(rented: World) -> None:
    told = deploy(rented)  # its key is known by now
    assert (told["edge"], told["changed"], told["reach"]["reachable"]) == ("edge1", True, "yes")
    assert told["dns"] == {"wrong": 0, "unknown": 0, "unsealed": None}
    assert federation.federation(rented)["reachable"] == "yes"
    assert of_ours(rented) == ""


def test_again_it_changes_nothing(rented: World) -> None:
    before = run(rented, "edge", "systemctl", "show", "-p", "MainPID", "greygate-haproxy").stdout
    told = deploy(rented)
    assert (told["changed"], told["reach"]["reachable"]) == (False, "yes")
    after = run(rented, "edge", "systemctl", "show", "-p", "MainPID", "greygate-haproxy").stdout
    assert after == before


def test_another_packet_filter_there_is_named_before_anything_is_done(rented: World) -> None:
    rules = "chain c { type filter hook input priority 0; tcp dport 8448 drop; };"
    assert run(rented, "edge", "nft", f"table inet theirs {{ {rules} }}").returncode == 0
    (remark,) = deploy(rented, "--dry-run")["remarks"]
    assert "nftables drops what other servers send to tcp/8448" in remark
    assert run(rented, "edge", "nft", "delete table inet theirs").returncode == 0
    assert deploy(rented, "--dry-run")["remarks"] == []


def test_an_edge_that_the_site_file_lacks_is_told_with_the_nearest(rented: World) -> None:
    refused = greygate(rented, "home", "edge", "deploy", "edge2", TARGET, fails=True)
    assert "edge1" in refused


def test_a_connection_that_breaks_off_in_the_middle_leaves_nothing_behind(rented: World) -> None:
    assert run(rented, "edge", "systemd-run", "sh", "-c", CUT).returncode == 0
    assert "the connection broke off" in greygate(rented, "home", *DEPLOY[:-1], fails=True)
    wait_until(lambda: of_ours(rented) == "", within=30, what="the host has tidied up")
    assert deploy(rented)["reach"]["reachable"] == "yes"


def test_a_changed_host_key_stops_it(rented: World) -> None:
    anew = "rm /etc/ssh/ssh_host_*; ssh-keygen -A; systemctl restart ssh"
    assert run(rented, "edge", "sh", "-c", anew).returncode == 0
    said = greygate(rented, "home", *DEPLOY[:-1], fails=True)
    assert "THE KEY OF THIS HOST HAS CHANGED" in said
    assert fingerprint(rented) in said
    assert f"ssh-keygen -R '{TARGET.partition('@')[2]}'" in said
