"""The keys by which SSH hosts are known: as OpenSSH's known_hosts files have them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from greygate.errors import Trouble
from greygate.text import _, listing

SSH_PORT = 22
EVERYBODY = Path("/etc/ssh/ssh_known_hosts")


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """A key that a host showed, and those by which it was known."""

    name: str  # as known_hosts calls the host
    key: asyncssh.SSHKey
    known: tuple[str, ...]  # fingerprints

    @property
    def fingerprint(self) -> str:
        """As `ssh-keygen -l` prints it: SHA256:..."""
        return self.key.get_fingerprint()

    @property
    def changed(self) -> bool:
        """Whether it is known by others, and not by this one."""
        return bool(self.known) and self.fingerprint not in self.known

    @property
    def kind(self) -> str:
        """ED25519, ECDSA, RSA: as the host's owner sees them called."""
        return self.key.get_algorithm().removeprefix("ssh-").partition("-")[0].upper()


def name_of(host: str, port: int) -> str:
    """How known_hosts calls it: a port other than the usual one is part of the name."""
    return host if port == SSH_PORT else f"[{host}]:{port}"


def own_file() -> Path:
    """Where this user's ssh keeps what it learned."""
    return Path("~/.ssh/known_hosts").expanduser()


def load(files: Sequence[Path]) -> asyncssh.SSHKnownHosts:
    """What these files say, those that are there; Trouble where one cannot be read."""
    there = [str(it) for it in files if it.is_file()]
    try:
        return asyncssh.read_known_hosts(there)
    except ValueError as problem:
        raise Trouble(
            _("cannot read {files}: {why}").format(files=listing(there), why=problem),
            _("mend that line; ssh-keygen -R HOST removes a host"),
        ) from problem


def seen(
    known: asyncssh.SSHKnownHosts, host: str, address: str, port: int, key: asyncssh.SSHKey
) -> HostKey:
    """The key beside those by which the host, or its address, is known."""
    asked = None if port == SSH_PORT else port
    matching = asyncssh.match_known_hosts(known, host, address, asked)[0]
    fingerprints = dict.fromkeys(it.get_fingerprint() for it in matching)
    return HostKey(name=name_of(host, port), key=key, known=tuple(fingerprints))


def remember(shown: HostKey, file: Path) -> None:
    """From now on the host is known by this key, to this user's ssh too."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kind, key = shown.key.export_public_key().decode().split()[:2]
    with open(file, "a+b", opener=lambda path, flags: os.open(path, flags, 0o600)) as kept:
        whole = kept.tell() == 0 or (kept.seek(-1, os.SEEK_END) >= 0 and kept.read() == b"\n")
        kept.write(f"{'' if whole else os.linesep}{shown.name} {kind} {key}\n".encode())
