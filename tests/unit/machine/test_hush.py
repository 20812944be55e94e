"""Which units of new packages are strays."""

from __future__ import annotations

from greygate.machine import hush


def test_units_are_found_in_both_places_that_debian_uses() -> None:
    listed = (
        "/lib/systemd/system/haproxy.service",
        "/usr/lib/systemd/system/yggdrasil.service",
        "/usr/lib/systemd/system/yggdrasil.service",
        "/lib/systemd/system/haproxy.service.d/more.conf",
        "/etc/init.d/haproxy",
    )
    assert hush.brought(listed) == ("haproxy.service", "yggdrasil.service")


def test_the_init_systems_own_units_stay() -> None:
    coming = ("haproxy", "systemd-container", "systemd", "dbus-daemon", "udev")
    assert hush.strays(coming) == ("haproxy",)
