"""The Yggdrasil that this machine has: the program, and a node that runs and is not ours."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any, NamedTuple

import psutil

from greygate.plan.plan import INTERFACE
from greygate.spec import yggdrasil

DEADLINE = 3.0  # seconds; a node on the same machine answers within milliseconds
LARGEST = 1_000_000  # octets of an answer

# AdminListen of Debian's package, of upstream's, of the default before 0.4.
USUAL_SOCKETS = ("/run/yggdrasil/yggdrasil.sock", "/run/yggdrasil.sock", "/var/run/yggdrasil.sock")
USUAL_PORT = ("127.0.0.1", 9001)
ADMINISTRATORS_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"

_VERSION_LINE = re.compile(r"^Build version: *(?P<version>\S+)", re.MULTILINE)

Place = str | tuple[str, int]


class Version(NamedTuple):
    """A version of Yggdrasil; as text it is 0.5.12."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


OLD, NEW = Version(0, 4, 0), Version(0, 5, 0)  # where only the generation shows


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A node that runs here and is not ours."""

    version: Version
    address: IPv6Address
    interface: str | None  # None: it has no TUN device, and carries nothing for this machine
    admin: Place | None  # where it takes requests; None where it takes none

    def joins(self) -> bool:
        """Whether it can be part of today's network."""
        return yggdrasil.speaks_todays_network(self.version)


def installed() -> Version | None:
    """The version of the program on this machine; None where there is none."""
    program = shutil.which("yggdrasil") or shutil.which("yggdrasil", path=ADMINISTRATORS_PATH)
    if program is None:
        return None
    return (
        version_in(_said(program, "-version"))
        # Debian's own 0.4.7 is built without it and says "unknown".
        or version_in(_said("dpkg-query", "-W", "-f", "${Version}", "yggdrasil"))
        or (OLD if '"PublicKey"' in _said(program, "-genconf", "-json") else NEW)
    )


def _said(*argv: str) -> str:
    try:
        return subprocess.run(argv, capture_output=True, text=True, check=False).stdout
    except OSError:
        return ""


def version_in(text: str) -> Version | None:
    """The version in what `yggdrasil -version` or dpkg prints; None where it is not known."""
    found = _VERSION_LINE.search(text)
    read = yggdrasil.version(found["version"] if found else text)
    return None if read is None else Version(*read)


def running(places: Iterable[Place] = (*USUAL_SOCKETS, USUAL_PORT)) -> Found | None:
    """The node that runs here and is not ours; one that takes no requests shows by its address."""
    interfaces = _overlay_interfaces()
    for place in places:
        told = _asked(place)
        if told is not None:
            return _found(told, place, interfaces)
    version = installed()
    for address, name in interfaces.items():
        if name != INTERFACE and version is not None:
            return Found(version=version, address=address, interface=name, admin=None)
    return None


def _found(told: dict[str, Any], place: Place, interfaces: dict[IPv6Address, str]) -> Found | None:
    try:
        address = IPv6Address(told.get("address", ""))
    except ValueError:
        return None
    if not isinstance(place, str) and address not in interfaces:
        return None  # anybody may listen on a port; only root gives this machine an address
    return Found(
        version=version_of(told),
        address=address,
        interface=interfaces.get(address),
        admin=place,
    )


def version_of(told: dict[str, Any]) -> Version:
    """The version in a getself answer; Debian's own 0.4.7 says "unknown", so its shape decides."""
    version = version_in(str(told.get("build_version", "")))
    if version is not None:
        return version
    known = installed()
    guessed = OLD if "coords" in told else NEW  # 0.5 has no coordinates any more
    return known if known is not None and known[:2] == guessed[:2] else guessed


def _overlay_interfaces() -> dict[IPv6Address, str]:
    """The node addresses that this machine has, and the interfaces that carry them."""
    found = {}
    for name, addresses in psutil.net_if_addrs().items():
        for entry in addresses:
            if entry.family is socket.AF_INET6:
                address = IPv6Address(entry.address.partition("%")[0])
                if yggdrasil.is_node(address):
                    found[address] = name
    return found


def _asked(place: Place) -> dict[str, Any] | None:
    """What the node at `place` says of itself; None where no node answers there."""
    family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as asking:
            asking.settimeout(DEADLINE)
            asking.connect(place)
            asking.sendall(b'{"request": "getself"}')
            return self_in(_received(asking))
    except OSError:
        return None


def _received(asking: socket.socket) -> bytes:
    """The answer: the node closes after it, as no request asked to keep the connection."""
    received = b""
    while len(received) < LARGEST and (part := asking.recv(65536)):
        received += part
    return received


def self_in(answer: bytes) -> dict[str, Any] | None:
    """What a getself answer tells of the node; 0.3 and older wrapped it in its address."""
    try:
        told = json.loads(answer)["response"]
    except (ValueError, KeyError, TypeError):
        return None
    if not isinstance(told, dict):
        return None
    wrapped = told.get("self")
    if isinstance(wrapped, dict) and wrapped:
        address, inner = next(iter(wrapped.items()))
        return {"address": address, **inner} if isinstance(inner, dict) else None
    return told
