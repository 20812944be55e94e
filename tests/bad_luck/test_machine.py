"""What the machine lacks or holds: each is said with its cure, and the cure works."""

from __future__ import annotations

import re
import time

import pytest

from bad_luck.machine import Machine, wait_until

pytestmark = [pytest.mark.programs, pytest.mark.engine, pytest.mark.lab]

HOLDER = "import socket; s = socket.create_server(('::', 443), family=10); "
OLD_NODE = """
import json, os, socket
os.makedirs("/run/yggdrasil")
s = socket.create_server("/run/yggdrasil/yggdrasil.sock", family=socket.AF_UNIX)
told = {"build_version": "0.4.7", "coords": [], "address": "200:1::1"}
while True:
    c, _ = s.accept()
    c.recv(1000), c.sendall(json.dumps({"response": told}).encode()), c.close()
"""


def test_without_tun_it_is_up_on_loopback_and_says_what_is_missing(home: Machine) -> None:
    home.shell("mount -t tmpfs none /dev/net")
    said = home.greygate("up", "--detach")
    assert "NOT the overlay" in said.err and "there is no /dev/net/tun here" in said.out
    home.down()
    home.shell("umount /dev/net")
    assert home.up()["overlay"] is True
    # Once it is on the overlay, no `apply` takes it off.
    home.shell("mount -t tmpfs none /dev/net")
    refused = home.refused("apply", "--yes")
    assert "off the overlay: there is no /dev/net/tun here" in refused.what
    home.shell("umount /dev/net")
    assert home.greygate("apply", "--yes").code == 0


def test_without_ipv6_the_cure_that_is_told_works(home: Machine) -> None:
    home.shell("echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6")
    said = home.greygate("up", "--detach")
    assert "IPv6 is switched off" in said.out
    home.down()
    home.shell(said.out.rpartition("cure: ")[2].partition("\n")[0])
    assert home.up()["overlay"] is True


def test_whoever_holds_the_port_is_named(home: Machine) -> None:
    home.shell(f'python3 -c "{HOLDER}import time; time.sleep(99)" >/dev/null 2>&1 & sleep 1')
    refused = home.refused("up", "--detach")
    assert ":443: python3 (pid " in refused.what
    if "systemctl" in refused.hint:  # a unit of systemd's runs these tests, and so the holder
        home.shell("kill " + refused.what.partition("(pid ")[2].partition(",")[0])
    else:
        home.shell(refused.hint[refused.hint.index("kill") : refused.hint.index(")")])
    assert home.up()["overlay"] is True


def test_an_old_yggdrasil_package_is_named_and_not_touched(home: Machine) -> None:
    home.shell(
        "sed '/^Package: yggdrasil$/,/^$/s/^Version: .*/Version: 0.4.7/' /var/lib/dpkg/status"
        " >/run/status && mount --bind /run/status /var/lib/dpkg/status"
    )
    refused = home.refused("up", "--detach")
    assert "yggdrasil 0.4.7 that is installed" in refused.what
    assert "apt-get install" in refused.hint


def test_an_old_node_that_runs_is_named(home: Machine) -> None:
    home.shell(f"python3 -c '{OLD_NODE}' >/dev/null 2>&1 & sleep 1")
    refused = home.refused("up", "--detach")
    assert "Yggdrasil 0.4.7 that runs here" in refused.what
    assert "install 0.5 or newer" in refused.hint


def test_a_clock_that_is_behind_is_told_by_the_files(home: Machine) -> None:
    home.up()
    home.down()
    home.shell(f"touch -d 2099-01-01 {home.state}/server-name")
    refused = home.refused("up", "--detach")
    assert "the clock says" in refused.what and "server-name was written on 2099" in refused.what
    home.shell(refused.command)
    home.up()


def test_a_service_that_dies_comes_back_or_is_named(home: Machine) -> None:
    home.up()
    program = "/usr/sbin/yggdrasil"
    home.shell(f"mount --bind /bin/false {program} && kill -9 $(pidof yggdrasil)")
    named = re.compile(r"yggdrasil does not stay up.*\n +next: greygate logs yggdrasil\n")
    # In one look: between two attempts it is starting again.
    wait_until(lambda: named.search(home.greygate("status").out) is not None, 20)
    home.shell(f"umount {program}")
    home.down()


def test_a_node_without_an_account_of_its_own_comes_back_after_an_apply(home: Machine) -> None:
    """Where /dev/net/tun is root's alone it runs as root, without root's way past owners."""
    home.shell("mount -t tmpfs none /dev/net && mknod -m 600 /dev/net/tun c 10 200")
    home.up()
    assert home.greygate("apply", "--yes").code == 0
    home.shell("kill -9 $(pidof yggdrasil)")

    def is_back() -> bool:
        services = home.greygate("status", "--json").json["services"]
        return any((it["name"], it["state"]) == ("yggdrasil", "up") for it in services)

    time.sleep(2)  # no second look at the one that was killed
    wait_until(is_back, 20)
