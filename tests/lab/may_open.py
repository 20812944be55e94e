"""Run as root on a lab host: what each account of ours can open there, by trying it.

    python3 may_open.py ACCOUNT... <(directories on stdin, one a line)

Prints JSON: account to the paths of files that it can read and of sockets that it can connect to.
Where a unit runs under the account it has that process's own groups, else those of the account.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

SKIPPED = ("engines", "env")  # programs, which anybody may read


def things(tops: list[str]) -> Iterator[tuple[str, bool]]:
    """Every regular file and every socket below the directories."""
    for top in tops:
        for folder, folders, names in os.walk(top):
            folders[:] = [it for it in folders if it not in SKIPPED]
            for name in names:
                path = os.path.join(folder, name)
                mode = os.lstat(path).st_mode
                if stat.S_ISREG(mode) or stat.S_ISSOCK(mode):
                    yield path, stat.S_ISSOCK(mode)


def credentials(account: str) -> tuple[int, int, list[int]]:
    """User, group and further groups: of a process that runs as that account, if one does."""
    entry = pwd.getpwnam(account)
    for status in Path("/proc").glob("[0-9]*/status"):
        told = dict(line.split(":", 1) for line in status.read_text().splitlines())
        if int(told["Uid"].split()[0]) == entry.pw_uid:
            return entry.pw_uid, int(told["Gid"].split()[0]), list(map(int, told["Groups"].split()))
    joined = [it.gr_gid for it in grp.getgrall() if account in it.gr_mem]
    return entry.pw_uid, entry.pw_gid, joined


def opens(path: str, *, is_socket: bool) -> bool:
    try:
        if is_socket:
            with socket.socket(socket.AF_UNIX) as channel:
                channel.connect(path)
        else:
            os.close(os.open(path, os.O_RDONLY))
    except PermissionError:
        return False
    except OSError:  # nobody listens, or it is gone: the way there was free
        return True
    return True


def tried(account: str, found: list[tuple[str, bool]]) -> list[str]:
    """In a child, which gives its rights away."""
    user, group, groups = credentials(account)
    out, into = os.pipe()
    if os.fork() == 0:
        os.setgroups(groups)
        os.setgid(group)
        os.setuid(user)
        told = [path for path, is_socket in found if opens(path, is_socket=is_socket)]
        os.write(into, json.dumps(told).encode())
        os._exit(0)
    os.close(into)
    with os.fdopen(out) as answer:
        return list(json.load(answer))


found = sorted(things(sys.stdin.read().split()))
sys.stdout.write(json.dumps({account: tried(account, found) for account in sys.argv[1:]}))
