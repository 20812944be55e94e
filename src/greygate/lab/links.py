"""Network namespaces and the veth pairs between them, by iproute2.

Not by pyroute2: it enters namespaces in a fork of the whole program and ends that with SIGTERM
(0.9.7). Where SIGTERM or Ctrl-C is an exception, as with us, the fork unwinds through our own
tidying up, and takes down the lab that is being raised (happened).
"""

from __future__ import annotations

import json
import subprocess
from ipaddress import ip_address
from pathlib import Path

from greygate.errors import Trouble
from greygate.lab.places import Places
from greygate.lab.topology import End, Link
from greygate.text import _

NAMED = Path("/run/netns")  # ip-netns(8)


def add_namespace(name: str) -> None:
    """Make the namespace, with its loopback up."""
    _ip("netns", "add", name)
    _ip("-n", name, "link", "set", "lo", "up")


def remove_namespace(name: str) -> None:
    """Remove the namespace; its interfaces go with the last process in it."""
    _ip("netns", "delete", name)


def namespaces(prefix: str) -> tuple[str, ...]:
    """The namespaces there are whose name begins so."""
    return tuple(sorted(path.name for path in NAMED.glob(f"{prefix}*")))


def connect(link: Link, places: Places) -> None:
    """Lay the cable: one veth pair, made inside the namespaces, never seen outside of them."""
    here, there = (
        ("name", end.interface, "netns", places.label(end.host)) for end in (link.one, link.other)
    )
    _ip("link", "add", *here, "type", "veth", "peer", *there)
    for end in (link.one, link.other):
        _furnish(end, places)


def addresses(name: str) -> tuple[str, ...]:
    """Every address in the namespace that others can reach; none where there is no namespace."""
    if not (NAMED / name).exists():
        return ()
    interfaces = json.loads(_ip("-n", name, "-json", "address", "show"))
    found = (each["local"] for it in interfaces for each in it.get("addr_info", ()))
    return tuple(
        text
        for text in found
        if not (ip_address(text).is_loopback or ip_address(text).is_link_local)
    )


def _furnish(end: End, places: Places) -> None:
    inside = ("-n", places.label(end.host))
    for address in end.addresses:
        # Usable at once: there is nobody on the cable to have the same address.
        at_once = ("nodad",) if address.version == 6 else ()
        _ip(*inside, "address", "add", str(address), "dev", end.interface, *at_once)
    _ip(*inside, "link", "set", end.interface, "up")


def _ip(*words: str) -> str:
    """What `ip` said; Trouble where it refused."""
    done = subprocess.run(("ip", *words), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Trouble(
            _("cannot lay the lab's network: ip {words}: {why}").format(
                words=" ".join(words), why=done.stderr.strip()
            ),
            _("greygate lab down, then greygate lab up"),
        )
    return done.stdout
