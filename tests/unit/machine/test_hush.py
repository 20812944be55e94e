"""Which units of new packages are strays."""

from __future__ import annotations

from pathlib import Path

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


def test_every_link_that_starts_a_unit_is_found_and_no_other(tmp_path: Path) -> None:
    for link, target in (
        ("multi-user.target.wants/caddy.service", "/lib/systemd/system/caddy.service"),
        ("web.service.requires/caddy.service", "/lib/systemd/system/caddy.service"),
        ("http.service", "/lib/systemd/system/caddy.service"),
        ("multi-user.target.wants/haproxy.service", "/lib/systemd/system/haproxy.service"),
        ("caddy.service", "/dev/null"),
    ):
        (tmp_path / link).parent.mkdir(exist_ok=True)
        (tmp_path / link).symlink_to(target)
    found = {str(it.relative_to(tmp_path)) for it in hush.links_to("caddy.service", tmp_path)}
    assert found == {
        "multi-user.target.wants/caddy.service",
        "web.service.requires/caddy.service",
        "http.service",
    }
