"""What this machine lets us do, and what to do where it does not."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from greygate.machine import rights
from greygate.machine.rights import Rights, TunMissing, TunUsable


def _settings(below: Path, *, all_off: str, default_off: str) -> Path:
    for scope, value in (("all", all_off), ("default", default_off)):
        (below / "conf" / scope).mkdir(parents=True)
        (below / "conf" / scope / "disable_ipv6").write_text(f"{value}\n")
    return below


def test_ipv6_that_is_on_is_no_trouble(tmp_path: Path) -> None:
    assert rights.ipv6_off(_settings(tmp_path, all_off="0", default_off="0")) is None


@pytest.mark.parametrize(("all_off", "default_off"), [("1", "0"), ("0", "1"), ("1", "1")])
def test_ipv6_switched_off_is_named_with_its_cure(
    tmp_path: Path, all_off: str, default_off: str
) -> None:
    found = rights.ipv6_off(_settings(tmp_path, all_off=all_off, default_off=default_off))
    scope = "all" if all_off == "1" else "default"
    assert found == f"net.ipv6.conf.{scope}.disable_ipv6=1"
    assert rights.ipv6_cure(found) == f"echo 0 >/proc/sys/net/ipv6/conf/{scope}/disable_ipv6"


def test_a_kernel_without_ipv6_is_named(tmp_path: Path) -> None:
    found = rights.ipv6_off(tmp_path / "ipv6")
    assert found == "ipv6.disable=1"
    assert "reboot" in rights.ipv6_cure(found)


@pytest.mark.parametrize(
    ("error", "why", "cure"),
    [
        (errno.ENOENT, "no /dev/net/tun", "modprobe tun"),
        (errno.ENODEV, "driver", "modprobe tun"),
        (errno.EACCES, "may not be opened", "host"),
        (errno.EPERM, "CAP_NET_ADMIN", "CAP_NET_ADMIN"),
        (errno.EIO, "Input/output error", "dmesg"),
    ],
)
def test_every_refusal_has_its_cure(error: int, why: str, cure: str) -> None:
    missing = rights.refused_tun(error)
    assert why in missing.why
    assert cure in missing.cure


def test_the_first_reason_against_a_node_is_told() -> None:
    fine = Rights(root=True, tun=TunUsable(), ipv6_off=None)
    assert (fine.no_node(), fine.cure()) == (None, None)
    no_tun = Rights(root=True, tun=TunMissing("no device", "get one"), ipv6_off="x=1")
    assert (no_tun.no_node(), no_tun.cure()) == ("no device", "get one")
    no_ipv6 = Rights(root=True, tun=TunUsable(), ipv6_off="net.x=1")
    assert "net.x=1" in str(no_ipv6.no_node())
    assert no_ipv6.cure() == "echo 0 >/proc/sys/net/x"


def test_a_look_leaves_no_interface_behind() -> None:
    before = _tunnels()
    assert isinstance(rights.look(), Rights)
    assert _tunnels() == before


def _tunnels() -> set[str]:
    """Other interfaces come and go with the labs of other tests."""
    return {it.parent.name for it in Path("/sys/class/net").glob("*/tun_flags")}
