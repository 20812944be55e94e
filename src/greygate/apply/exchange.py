"""Two directories change names in one step: there is never a moment without either."""

from __future__ import annotations

import errno
import os
from pathlib import Path

AT_FDCWD = -100  # linux/fcntl.h
RENAME_EXCHANGE = 2  # linux/fs.h
UNABLE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)  # old ZFS, NFS


def exchange(one: Path, other: Path) -> bool:
    """Swap the names of two existing entries; False where this file system cannot."""
    import ctypes  # slow to import, and seldom needed

    libc = ctypes.CDLL(None, use_errno=True)  # Python has no call for renameat2
    if libc.renameat2(AT_FDCWD, bytes(one), AT_FDCWD, bytes(other), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in UNABLE:
        return False
    raise OSError(code, os.strerror(code), str(other))
