"""Whether the machine lets ordinary accounts use its devices."""

from __future__ import annotations

import os
import stat

FOR_ALL = stat.S_IROTH | stat.S_IWOTH


def are_open(devices: tuple[str, ...]) -> bool:
    """Whether anybody may use all of them; those that are missing shut nobody out."""
    return all(_is_open(device) for device in devices)


def _is_open(device: str) -> bool:
    try:
        return os.stat(device).st_mode & FOR_ALL == FOR_ALL
    except FileNotFoundError:
        return True
