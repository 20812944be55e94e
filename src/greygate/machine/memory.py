"""How much memory this machine has for us."""

from __future__ import annotations

from pathlib import Path

import psutil

ROOT_GROUP = Path("/sys/fs/cgroup/memory.max")  # there in a container, where the host limits it


def installed(limit: Path = ROOT_GROUP) -> int:
    """Octets; in a container what its host lets it have."""
    total = int(psutil.virtual_memory().total)
    try:
        return min(total, int(limit.read_text("ascii")))
    except (OSError, ValueError):  # no container, or "max"
        return total
