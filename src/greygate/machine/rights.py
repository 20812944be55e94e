"""What we may do on this machine: be root, make a TUN device, speak IPv6."""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from greygate.text import _

TUN = Path("/dev/net/tun")

_TUNSETIFF = 0x400454CA  # linux/if_tun.h, as are the flags
_IFF_TUN_NO_PI = 0x0001 | 0x1000


@dataclass(frozen=True, slots=True)
class TunUsable:
    """A TUN device can be made here."""


@dataclass(frozen=True, slots=True)
class TunMissing:
    """No TUN device can be made here: why, and what cures it."""

    why: str
    cure: str


Tun = TunUsable | TunMissing


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """What this machine lets us do."""

    root: bool
    tun: Tun
    ipv6_off: str | None  # the setting that switches it off

    def no_node(self) -> str | None:
        """Why no Yggdrasil of our own can run here; None where it can."""
        match self.tun:
            case TunMissing(why):
                return why
            case TunUsable() if self.ipv6_off is not None:
                return _("IPv6 is switched off ({setting})").format(setting=self.ipv6_off)
            case _:
                return None

    def cure(self) -> str | None:
        """What cures the reason that `no_node` gives."""
        match self.tun:
            case TunMissing(_why, cure):
                return cure
            case TunUsable() if self.ipv6_off is not None:
                return ipv6_cure(self.ipv6_off)
            case _:
                return None


def look() -> Rights:
    """Try what a node of our own needs; what was made for the trial is gone at once."""
    root = os.geteuid() == 0
    return Rights(root=root, tun=_tun(root=root), ipv6_off=ipv6_off(Path("/proc/sys/net/ipv6")))


def ipv6_off(settings: Path) -> str | None:
    """Which setting below `settings` keeps new interfaces from having IPv6 addresses."""
    if not settings.exists():
        return "ipv6.disable=1"  # on the kernel's command line: then the directory is not there
    for scope in ("all", "default"):
        switch = settings / "conf" / scope / "disable_ipv6"
        if switch.exists() and switch.read_text().strip() == "1":
            return f"net.ipv6.conf.{scope}.disable_ipv6=1"
    return None


def ipv6_cure(setting: str) -> str:
    if setting.startswith("net."):
        path = setting.removesuffix("=1").replace(".", "/")
        return f"echo 0 >/proc/sys/{path}"  # a minimal Debian has no sysctl
    return _("take {setting} out of the kernel's command line and reboot").format(setting=setting)


def _tun(*, root: bool) -> Tun:
    if not root:
        return TunMissing(_("greygate does not run as root"), _("run it as root: sudo greygate up"))
    try:
        descriptor = os.open(TUN, os.O_RDWR | os.O_CLOEXEC)
    except OSError as refused:
        return refused_tun(refused.errno or 0)
    try:
        # No name: the kernel picks one, and the device goes when the descriptor is closed.
        fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("16sH22x", b"", _IFF_TUN_NO_PI))
    except OSError as refused:
        return refused_tun(refused.errno or 0)
    finally:
        os.close(descriptor)
    return TunUsable()


def refused_tun(error: int) -> TunMissing:
    """What an error of opening or setting up the device means."""
    match error:
        case errno.ENOENT:
            return TunMissing(
                _("there is no {path} here").format(path=TUN),
                _("in a container: have its host pass /dev/net/tun; elsewhere: modprobe tun"),
            )
        case errno.ENODEV | errno.ENXIO:
            return TunMissing(
                _("the kernel has no TUN driver loaded"),
                _("load it: modprobe tun (in a container: on its host)"),
            )
        case errno.EACCES:
            return TunMissing(
                _("{path} may not be opened").format(path=TUN),
                _("in a container: have its host allow the device"),
            )
        case errno.EPERM:
            return TunMissing(
                _("this machine does not let us make network interfaces (CAP_NET_ADMIN)"),
                _("in a container: have its host grant CAP_NET_ADMIN and /dev/net/tun"),
            )
        case _:
            return TunMissing(
                _("{path} does not work: {why}").format(path=TUN, why=os.strerror(error)),
                _("see what the kernel says: dmesg | tail"),
            )
