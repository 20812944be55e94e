"""What each host's own disk gets before it boots: what only this lab has."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from greygate.lab import acme, authority, clone, friend, names
from greygate.lab.places import Places
from greygate.lab.topology import Disk, Host, Topology

CLONE = Path("root/greygate")
# What an operator adds to Synapse in a world of test networks; our own files stay as they are.
OPERATOR = Path("var/lib/greygate/synapse.d/lab.yaml")
FOR_SYNAPSE = """\
ip_range_whitelist: ["203.0.113.0/24", "198.51.100.0/24", "2001:db8::/32"]
trusted_key_servers: []
suppress_key_server_warning: true
"""
# Synapse's own limit is one message in five seconds, after ten: less than a bench says.
LIVELY = "rc_message: {per_second: 10, burst_count: 100}\n"


def furnish(host: Host, topology: Topology, places: Places, *, tree: Path) -> None:
    """Put on the host's own disk what only this lab has."""
    root = places.root(host.name)
    # Disks are made once for many hosts, and a machine's id is for one of them.
    (root / "etc/machine-id").write_text(f"{secrets.token_hex(16)}\n")
    if host.clone:
        clone.copy_tree(tree, root / CLONE)
    if topology.resolver:
        if host.disk in (Disk.HOME, Disk.CERTBOT):
            (root / OPERATOR).parent.mkdir(parents=True, exist_ok=True)
        resolv = root / "etc/resolv.conf"
        resolv.unlink(missing_ok=True)  # it may be a link
        resolv.write_text(f"nameserver {topology.resolver}\n")
        authority.trust(places.authority, root)
    if host.certified:
        authority.issue(places.authority, host.certified, root / authority.ISSUED)
    _furnish_disk(host, topology, places)


def _furnish_disk(host: Host, topology: Topology, places: Places) -> None:
    root = places.root(host.name)
    match host.disk:
        case Disk.FRIEND:
            friend.configure(root, peers=host.peers, listen=host.listen, rooted=host.rooted)
        case Disk.NAMES:
            names.furnish(root, topology.zones, places)
        case Disk.AUTHORITY:
            acme.furnish_authority(root)
        case Disk.ACME_DNS:
            acme.furnish_acme_dns(root, host, topology)
        case Disk.REMOTE:
            _remote(root / "etc/matrix-synapse")
        case Disk.HOME | Disk.CERTBOT if topology.resolver:
            (root / OPERATOR).write_text(FOR_SYNAPSE)
            _keys(root / "root", topology, places)
        case _:
            pass


def _keys(to: Path, topology: Topology, places: Places) -> None:
    """What a provider shows on the page of a zone that takes updates."""
    for zone in (it.name for it in topology.zones if it.keyed):
        (to / f"{zone}.tsig").touch(mode=0o600)
        (to / f"{zone}.tsig").write_text(names.key_file(zone, places))


def _remote(settings: Path) -> None:
    """The secrets that Synapse would have made at its first start; and people may talk fast."""
    with (settings / "homeserver.yaml").open("a") as file:
        file.write(LIVELY)
    seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    for name, text in (
        ("signing.key", f"ed25519 a_lab {seed}\n"),
        ("registration_shared_secret", f"{secrets.token_urlsafe(32)}\n"),
    ):
        (settings / name).touch(mode=0o600)
        (settings / name).write_text(text)
        owner = (settings.parents[1] / "var/lib/matrix-synapse").stat()
        os.chown(settings / name, owner.st_uid, owner.st_gid)
