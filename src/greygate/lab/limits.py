"""What this machine must allow so that many booted hosts fit on it.

Every systemd, and much of what it runs, holds inotify instances, and the kernel counts them for
root of all hosts together: 128 are spent by a dozen hosts, and then units fail for no visible
reason ("Failed to allocate directory watch: Too many open files").
"""

from __future__ import annotations

from pathlib import Path

from greygate.errors import Trouble
from greygate.text import _

INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")  # inotify(7)
ENOUGH = 1024


def allow_hosts(at: Path = INSTANCES) -> bool:
    """Raise the limit where it is lower; True where that was so. It stays until a reboot."""
    if int(at.read_text()) >= ENOUGH:
        return False
    try:
        at.write_text(f"{ENOUGH}\n")
    except OSError as error:
        raise Trouble(
            _("cannot allow {count} inotify instances: {why}").format(
                count=ENOUGH, why=error.strerror
            ),
            f"sysctl fs.inotify.max_user_instances={ENOUGH}",
        ) from error
    return True
