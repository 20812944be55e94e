"""A rented host made an edge from home, over SSH: looked at, brought the program, joined, awaited.

The host keeps nothing of ours but what `edge join` puts there: the program comes as an archive on
the channel's input, the token right behind it, and what was unpacked goes however it ends.
"""

from __future__ import annotations

import gzip
import io
import json
import shlex
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import asyncssh

from greygate.errors import MissingProgram, Trouble
from greygate.home import installation, rented_host, ssh
from greygate.home.rented_host import Host, Order
from greygate.home.ssh import Done
from greygate.home.ssh_entry import Access
from greygate.home.ssh_target import Target
from greygate.plan.token import Token, written
from greygate.progress import Progress
from greygate.text import _, visible

RIGHTS = """
if [ "$(id -u)" = 0 ]; then echo root
elif sudo -n true 2>/dev/null; then echo sudo
else echo "neither $(id -un)"
fi
"""

# Reads the archive and not an octet more: what follows it is the token, for `edge join`.
JOIN = """
set -eu
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
trap 'exit 129' HUP; trap 'exit 130' INT; trap 'exit 143' TERM
head -c {octets} | tar -x -z -f - -C "$place" --no-same-owner
sh "$place/greygate" {words}
"""


@dataclass(frozen=True, slots=True)
class Joined:
    """What the host says of itself as an edge; `edge join --json` there."""

    host: Host
    told: dict[str, Any]


def look(target: Target, access: Access, progress: Progress) -> Host:
    """The host as it is; nothing is changed there."""

    async def act(connection: asyncssh.SSHClientConnection) -> Host:
        return await _seen(target, connection, await _root(target, connection), progress)

    return ssh.over(target, access, act)


def deploy(
    target: Target,
    access: Access,
    order: Order,
    progress: Progress,
    *,
    token: Callable[[], Token],
    tree: Path = installation.TREE,
) -> Joined:
    """Make it that edge; Trouble before anything is changed where it cannot be. Again: update.

    `token` is asked for as soon as the host will do.
    """

    async def act(connection: asyncssh.SSHClientConnection) -> Joined:
        root = await _root(target, connection)
        host = await _seen(target, connection, root, progress)
        for remark in rented_host.remarks(host, order):
            progress.note(remark)
        for obstacle in rented_host.obstacles(host, order):
            raise obstacle
        program = archive(tree)
        script = JOIN.format(octets=len(program), words=shlex.join(_words(order)))
        done = await ssh.run(
            connection,
            root + shlex.quote(script),
            given=program + written(token()).encode() + b"\n",
            heard=lambda line: progress.note(f"{target.host}: {line.strip()}"),
        )
        return Joined(host, _answer(target, done))

    return ssh.over(target, access, act)


def archive(tree: Path) -> bytes:
    """The program as `install` copies it, gzipped tar; the same octets for the same tree."""
    packed = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for part in installation.PARTS:
            if (tree / part).exists():
                tar.add(tree / part, part, filter=_plain)
    return packed.getvalue()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Files and directories, readable by all; no bytecode, and no link to elsewhere."""
    if not (member.isfile() or member.isdir()) or "__pycache__" in member.name.split("/"):
        return None
    runs = member.isdir() or bool(member.mode & 0o100)
    member.mode = 0o755 if runs else 0o644
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = "root"
    return member


async def _root(target: Target, connection: asyncssh.SSHClientConnection) -> str:
    """What makes a command root's there, up to its script; Trouble where nothing does."""
    done = await ssh.run(connection, f"sh -c {shlex.quote(RIGHTS)}")
    match done.out.split():
        case ["root"]:
            return "sh -c "
        case ["sudo"]:
            return "sudo -n sh -c "
        case ["neither", user]:
            raise MissingProgram(
                _(
                    "cannot make {target} an edge: that needs root, "
                    "and {user} is not, nor by sudo without a password"
                ).format(target=target, user=user),
                _("log in as root@{host}, or let {user} use sudo without a password").format(
                    host=target.host, user=user
                ),
            )
        case _:  # cloud images answer root with advice, and end
            raise Trouble(
                _("cannot run anything as {target}: it says {words}").format(
                    target=target, words=_words_of(done)
                ),
                _("log in as the user that it names, if it does: USER@{host}").format(
                    host=target.host
                ),
            )


async def _seen(
    target: Target, connection: asyncssh.SSHClientConnection, root: str, progress: Progress
) -> Host:
    with progress.step(_("looking at {target}").format(target=target)):
        done = await ssh.run(connection, root + shlex.quote(rented_host.QUESTIONS))
    at = ip_address(connection.get_extra_info("peername")[0].partition("%")[0])
    return replace(rented_host.host_of(done.out), address=at)


def _words(order: Order) -> tuple[str, ...]:
    ports = ",".join(map(str, order.ports))
    return ("edge", "join", "--json", *(("--ports", ports) if ports != "443,8448" else ()))


def _answer(target: Target, done: Done) -> dict[str, Any]:
    """What it says of itself; Trouble, with its own words, where it could not."""
    try:
        answer: dict[str, Any] = json.loads(done.out)
    except ValueError:
        answer = {}
    if "edge" in answer:  # it ends with 1 where another packet filter is in the way
        return answer
    error = answer.get("error", {})
    what, hint = (visible(str(error.get(it) or "")) for it in ("what", "hint"))
    # Its advice is quoted, and none of ours: it is another machine's word.
    words = what or visible(_words_of(done))
    words = _('{words} (it advises: "{hint}")').format(words=words, hint=hint) if hint else words
    raise Trouble(
        _("cannot finish at {target}: {words}").format(target=target, words=words),
        _("mend that there, then run this again: it goes on"),
    )


def _words_of(done: Done) -> str:
    lines = [it.strip() for it in (*done.said, *done.out.splitlines()) if it.strip()]
    return lines[-1] if lines else _("nothing (it ended with {code})").format(code=done.status)
