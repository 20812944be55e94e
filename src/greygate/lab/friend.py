"""The friend's Yggdrasil: Debian's package with a configuration as somebody would write it."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CONFIG = Path("etc/yggdrasil/yggdrasil.conf")
TRIED = 4096  # keys for the root, in half a second; that another is lower is as unlikely


def configure(
    root: Path, *, peers: Sequence[str], listen: Sequence[str] = (), rooted: bool = False
) -> None:
    """Write the node's configuration, with a key of its own, before the host boots."""
    key = lowest(TRIED) if rooted else Ed25519PrivateKey.generate()
    seed = key.private_bytes_raw()
    public = key.public_key().public_bytes_raw()
    wanted = {
        "PrivateKey": (seed + public).hex(),  # 0.5 wants both halves, as hexadecimal
        "Peers": list(peers),
        "Listen": list(listen),
        "AdminListen": "unix:///run/yggdrasil/yggdrasil.sock",
        "IfName": "auto",
        "MulticastInterfaces": [],  # the peering under test is the one written above
    }
    path = root / CONFIG
    path.touch(mode=0o640)
    os.chown(path, 0, path.parent.stat().st_gid)  # the unit runs as Debian's account for it
    path.write_text(json.dumps(wanted, indent=2) + "\n")


def lowest(count: int) -> Ed25519PrivateKey:
    """Of so many new keys the one with the lowest public half: such a node is the tree's root."""
    tried = (Ed25519PrivateKey.generate() for _number in range(count))
    return min(tried, key=lambda it: it.public_key().public_bytes_raw())
