"""Resolvers beside the rig's: a real Unbound that asks it, and has a view of its own."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acme_rig.programs import opens, program, wait
from acme_rig.rig import Rig

CONFIG = """\
server:
    interface: {address}
    access-control: 127.0.0.0/8 allow
    do-not-query-localhost: no
    do-ip6: no
    module-config: "iterator"
    directory: {below}
    chroot: ""
    username: ""
    pidfile: ""
    use-syslog: no
    do-daemonize: no
{view}
remote-control:
    control-enable: no
forward-zone:
    name: "."
    forward-addr: {upstream}
    forward-no-cache: yes
"""


@contextmanager
def resolver(rig: Rig, *view: str) -> Iterator[str]:
    """The address of one whose `view` is lines of Unbound's own: local-zone, local-data."""
    address = f"{rig.resolver.rpartition('.')[0]}.61"
    with tempfile.TemporaryDirectory(prefix="gg-resolver-") as name:
        below = Path(name)
        lines = "\n".join(f"    {it}" for it in view)
        text = CONFIG.format(address=address, below=below, view=lines, upstream=rig.resolver)
        (below / "unbound.conf").write_text(text)
        shutil.copy2(shutil.which("unbound") or "", below / "unbound")
        argv = (f"{below}/unbound", "-c", f"{below}/unbound.conf")
        with program(argv, below / "log") as started:
            wait(lambda: opens(address, 53), started, below / "log")
            yield address
