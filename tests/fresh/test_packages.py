"""Debian packages on bare machines: they come, from the right place, and none of them runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fresh.bare import INSIDE
from fresh.conftest import Started

pytestmark = pytest.mark.fresh

BOTH = ("haproxy", "yggdrasil")
ENSURE = f"""
import sys
sys.path.insert(0, {INSIDE + "/src"!r})
from greygate.machine.packages import ensure
from greygate.errors import Trouble
from greygate.progress import Silent
try:
    ensure(sys.argv[1:], Silent())
except Trouble as trouble:
    sys.exit(f"{{trouble.what}} / {{trouble.hint}}")
"""
PYTHON = ("env", "PYTHONDONTWRITEBYTECODE=1", "python3", "-c", ENSURE)

# Kills it once apt is at work; apt goes on by itself, and has its lock until it is done.
KILL_AT_WORK = """
"$@" & killed=$!
until [ -e /usr/sbin/policy-rc.d ]; do sleep 0.05; done
sleep 0.5
kill -KILL $killed
"""

# Kills it, apt and dpkg too, as a power cut would, once dpkg unpacks.
KILL_ALL = """
"$@" & killed=$!
until [ -e /usr/sbin/haproxy.dpkg-new ] || [ -e /usr/sbin/haproxy ]; do
    kill -0 $killed || exit
    sleep 0.01
done
for process in /proc/[0-9]*; do
    read -r name <$process/comm
    case $name in python3 | apt-get | dpkg*) kill -KILL ${process#/proc/} ;; esac
done 2>/dev/null
wait
"""


def test_on_debian_12_yggdrasil_alone_comes_from_backports(started: Started) -> None:
    machine = started("bookworm")
    done = machine.run([*PYTHON, *BOTH])
    assert done.returncode == 0, done.stdout
    policy = machine.run(["apt-cache", "policy", *BOTH]).stdout
    haproxy, yggdrasil = policy.split("yggdrasil:")
    assert "Installed: 0.5" in yggdrasil
    assert "bpo" not in haproxy
    wanted = {it.name for it in machine.root.glob("etc/systemd/system/*.wants/*")}
    assert wanted.isdisjoint(f"{package}.service" for package in BOTH)  # no systemd runs here
    assert "Inst" not in machine.run(["apt-get", "--simulate", "dist-upgrade"]).stdout


def test_backports_that_are_there_already_are_used_as_they_are(started: Started) -> None:
    machine = started("bookworm")
    sources = machine.root / "etc/apt/sources.list"
    text = sources.read_text("utf-8")
    sources.write_text(text + text.replace("bookworm", "bookworm-backports"), "utf-8")
    assert machine.run(["apt-get", "-qq", "update"]).returncode == 0
    done = machine.run([*PYTHON, *BOTH])
    assert done.returncode == 0, done.stdout
    assert not list(machine.root.glob("etc/apt/*.d/greygate*"))


def test_an_old_yggdrasil_is_named_and_not_touched(started: Started) -> None:
    machine = started("bookworm", "yggdrasil")
    done = machine.run([*PYTHON, *BOTH])
    assert "cannot use the yggdrasil 0.4.7" in done.stdout
    assert "bookworm-backports" in done.stdout
    assert "no packages found matching haproxy" in machine.run(["dpkg", "-l", "haproxy"]).stdout


def test_without_a_network_it_is_said(started: Started) -> None:
    machine = started("trixie")
    said = machine.offline([*PYTHON, "haproxy"])
    assert "cannot install haproxy: apt's sources cannot be reached" in said
    assert not (machine.root / "usr/sbin/policy-rc.d").exists()


def test_nothing_that_comes_runs_now_or_after_a_reboot(started: Started) -> None:
    machine = started("trixie", "systemd-sysv", "dbus")
    fetched = machine.run(["sh", "-c", f"apt-get -qq -y -d install {' '.join(BOTH)}"])
    assert fetched.returncode == 0, fetched.stdout
    with machine.booted() as host:
        assert host.run(*PYTHON, *BOTH) == ""
        _assert_silent(host.run)
    with machine.booted() as host:
        _assert_silent(host.run)


def test_an_administrators_own_service_goes_on(started: Started) -> None:
    machine = started("trixie", "systemd-sysv", "dbus", "haproxy")
    fetched = machine.run(["apt-get", "-qq", "-y", "-d", "install", "yggdrasil"])
    assert fetched.returncode == 0, fetched.stdout
    with machine.booted() as host:
        assert host.run("systemctl", "is-active", "haproxy") == "active\n"
        assert host.run(*PYTHON, *BOTH) == ""
        assert host.run("systemctl", "is-active", "haproxy", "yggdrasil") == "active\ninactive\n"
        assert host.run("systemctl", "is-enabled", "haproxy") == "enabled\n"


def test_a_killed_run_is_ended_by_the_next(started: Started) -> None:
    machine = started("trixie", "systemd-sysv", "dbus")
    fetched = machine.run(["sh", "-c", f"apt-get -qq -y -d install {' '.join(BOTH)}"])
    assert fetched.returncode == 0, fetched.stdout
    with machine.booted() as host:
        host.run("sh", "-c", KILL_AT_WORK, "sh", *PYTHON, *BOTH)
        assert (machine.root / "var/lib/greygate/packages.pending").exists()
        assert host.run(*PYTHON, *BOTH) == ""
        _assert_silent(host.run)
        assert host.run("apt-get", "-qq", "-y", "purge", *BOTH)
        host.run("sh", "-c", KILL_ALL, "sh", *PYTHON, *BOTH)
        assert host.run("dpkg", "--audit") != ""
        assert host.run(*PYTHON, *BOTH) == ""
        assert host.run("dpkg", "--audit") == ""
        _assert_silent(host.run)
    assert not (machine.root / "usr/sbin/policy-rc.d").exists()
    assert not (machine.root / "var/lib/greygate/packages.pending").exists()


def _assert_silent(run: Callable[..., str]) -> None:
    assert run("systemctl", "is-active", *BOTH) == "inactive\ninactive\n"
    assert run("systemctl", "is-enabled", *BOTH) == "disabled\ndisabled\n"
