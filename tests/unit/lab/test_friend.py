"""The keys of the lab's own Yggdrasil nodes."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from greygate.lab import friend


def test_the_lowest_of_many_keys_begins_with_zeros() -> None:
    lowest = friend.lowest(256).public_key().public_bytes_raw()
    assert lowest[0] < 16  # but for one in ten million


def test_the_root_has_a_key_that_is_whole(tmp_path: Path) -> None:
    (tmp_path / "etc/yggdrasil").mkdir(parents=True)
    friend.configure(tmp_path, peers=(), listen=("tls://[::]:9001",), rooted=True)
    both = bytes.fromhex(json.loads((tmp_path / friend.CONFIG).read_text())["PrivateKey"])
    key = Ed25519PrivateKey.from_private_bytes(both[:32])
    assert key.public_key().public_bytes_raw() == both[32:]
    assert both[32] == 0  # lowest of 4096
