"""The lock, and the name that it gives an environment."""

from __future__ import annotations

import re
from dataclasses import replace

from greygate.engine.lock import our_lock


def test_our_lock_pins_every_package_with_its_hashes() -> None:
    lock = our_lock()
    assert len(lock.pins) > 40
    blocks = re.split(r"^(?=[A-Za-z0-9])", lock.text, flags=re.MULTILINE)
    pinned = [block for block in blocks if "==" in block.partition("\n")[0]]
    assert len(pinned) == len(lock.pins)
    assert all("--hash=sha256:" in block for block in pinned)


def test_another_lock_or_python_is_another_environment() -> None:
    lock = our_lock()
    name = lock.environment((3, 11))
    assert re.fullmatch(rf"synapse-{re.escape(lock.synapse)}-[0-9a-f]{{8}}-py3\.11", name)
    assert lock.environment((3, 13)) != name
    assert replace(lock, text=lock.text + "\n").environment((3, 11)) != name
