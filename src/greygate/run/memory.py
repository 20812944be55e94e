"""What a service and its children hold of the machine's memory."""

from __future__ import annotations

import psutil

from greygate.run.state import Memory


def memory_of(pid: int) -> Memory | None:
    """The sum over the process and all below it; None where it has gone."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.Error:
        return None
    shares = [_share(process) for process in family]
    known = [share for share in shares if share is not None]
    if not known:
        return None
    return Memory(sum(share.octets for share in known), all(share.shared_out for share in known))


def _share(process: psutil.Process) -> Memory | None:
    try:
        return Memory(process.memory_full_info().pss, shared_out=True)
    except psutil.AccessDenied:
        pass
    except psutil.Error:
        return None
    try:
        return Memory(process.memory_info().rss, shared_out=False)
    except psutil.Error:
        return None
