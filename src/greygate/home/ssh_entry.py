"""Getting in by SSH: which of the host's keys are right, and by what we are let in.

A person is asked between two tries, not within one: a host's patience is not for typing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import asyncssh

from greygate.errors import Trouble
from greygate.home import host_keys
from greygate.home.host_keys import HostKey
from greygate.home.ssh_target import Target
from greygate.home.ssh_trouble import changed, denied, told, unknown, unlike, unusable
from greygate.secret import Secret
from greygate.text import _

ANSWER_WITHIN = 20.0  # seconds for address, handshake and keys
ALIVE_EVERY = 15.0  # seconds of silence after which the host is asked; three times, then it is gone
# Of a host that is not known: OpenSSH's own order, so that both show the same of its keys.
PREFERRED = ("ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512", "rsa-sha2-256")


class Person(Protocol):
    """Somebody at a terminal, who can be asked."""

    def agrees(self, question: str) -> bool: ...

    def secret(self, question: str) -> Secret: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How to get in; what is left out is as usual for ssh."""

    identity: Path | None = None  # a private key, instead of the usual ones
    host_key: str | None = None  # the fingerprint that the host must show: SHA256:...
    person: Person | None = None  # None: nobody is there to be asked


@dataclass(slots=True)
class Entry:
    """One target, and what was learned from one try to the next."""

    target: Target
    access: Access
    keep: Path  # where a host that was accepted is remembered
    known: asyncssh.SSHKnownHosts
    identity: asyncssh.SSHKey | None
    accepted: str | None  # a fingerprint
    kinds: tuple[str, ...] = ()  # of host keys; as known_hosts has them, where it has any
    password: Secret | None = None
    shown: HostKey | None = None  # the key of the last try, where known_hosts did not settle it

    async def attempt(self) -> asyncssh.SSHClientConnection:
        """A connection; what `learn_from` can deal with is raised as it came."""
        self.shown = None
        connection = await asyncssh.connect(
            self.target.host,
            self.target.port or (),
            username=self.target.user or (),
            client_factory=lambda: _Judge(self),
            known_hosts=self._trusted,
            server_host_key_algs=self.kinds,
            client_keys=() if self.identity is None else [self.identity],
            password=None if self.password is None else self.password.reveal(),
            agent_forwarding=False,
            x509_trusted_certs=None,
            connect_timeout=ANSWER_WITHIN,
            keepalive_interval=ALIVE_EVERY,
        )
        if self.shown is not None:
            host_keys.remember(self.shown, self.keep)
        return connection

    def learn_from(self, refused: asyncssh.DisconnectError) -> None:
        """What makes the next try worth it; Trouble where nothing does."""
        person = self.access.person
        if isinstance(refused, asyncssh.HostKeyNotVerifiable):
            self._learn_key(why=refused.reason)
        elif person is None or self.password is not None:
            raise denied(self.target, sudo=os.environ.get("SUDO_USER")) from refused
        else:
            self.password = person.secret(_("password of {it}:").format(it=self.target))

    def judged(self, host: str, address: str, port: int, key: asyncssh.SSHKey) -> bool:
        """Whether a key that known_hosts does not settle is right."""
        self.shown = host_keys.seen(self.known, host, address, port, key)
        return not self.shown.known and self.shown.fingerprint == self.accepted

    def _trusted(self, host: str, address: str, port: int | None) -> tuple[object, ...]:
        """What known_hosts settles; where a fingerprint was typed, that one alone."""
        keys, authorities, revoked, *others = self.known.match(host, address, port)
        if self.access.host_key is not None:
            keys = [it for it in keys if it.get_fingerprint() == self.access.host_key]
            authorities = []
        return (keys, authorities, revoked, *others)

    def _learn_key(self, *, why: str) -> None:
        if self.shown is None:  # revoked, or a certificate of an authority that nobody named
            raise Trouble(_("cannot trust {it}: {why}").format(it=self.target, why=why))
        if self.shown.changed:
            raise changed(self.target, self.shown)
        if not self.kinds and not self.shown.known:
            self.kinds = PREFERRED
        elif self.access.host_key is not None:
            raise unlike(self.target, self.shown.fingerprint, self.access.host_key)
        else:
            self.accepted = self._accepted(self.shown)

    def _accepted(self, shown: HostKey) -> str:
        if self.access.person is None:
            raise unknown(self.target, shown)
        question = _(
            "{target} is not known here yet. Its {kind} key is\n    {fingerprint}\n"
            "Compare it with what the host's own console says:\n"
            "    for k in /etc/ssh/ssh_host_*.pub; do ssh-keygen -l -f $k; done\n"
            "Is it this host's?"
        ).format(target=self.target, kind=shown.kind, fingerprint=shown.fingerprint)
        if not self.access.person.agrees(question):
            raise Trouble(
                _("cannot trust {it}: its key was not accepted").format(it=self.target),
                _("nothing was sent to it"),
            )
        return shown.fingerprint


def entry(target: Target, access: Access) -> Entry:
    """All that can be known before anybody is spoken to."""
    with told(target):
        files = _files(target)
    return Entry(
        target=target,
        access=access,
        keep=files[0],
        known=host_keys.load(files),
        identity=None if access.identity is None else _private_key(access.identity, access.person),
        accepted=access.host_key,
        kinds=() if access.host_key is None else PREFERRED,
    )


class _Judge(asyncssh.SSHClient):
    """Hears of every host key that known_hosts does not settle."""

    def __init__(self, entry: Entry) -> None:
        self._entry = entry

    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        return self._entry.judged(host, addr, port, key)


def _files(target: Target) -> list[Path]:
    """The known_hosts files that ~/.ssh/config names, or the usual ones; ours to write first."""
    named = asyncssh.SSHClientConnectionOptions(
        host=target.host,
        port=target.port or (),
        username=target.user or (),
        client_keys=None,
        config=(),
    ).known_hosts
    if isinstance(named, list) and named:
        return [Path(str(it)).expanduser() for it in named]
    return [host_keys.own_file(), host_keys.EVERYBODY]


def _private_key(file: Path, person: Person | None) -> asyncssh.SSHKey:
    """The key in that file; its pass phrase is asked for where it has one."""
    try:
        try:
            return asyncssh.read_private_key(str(file))
        except asyncssh.KeyImportError:  # locked, most often
            if person is None:
                raise
        typed = person.secret(_("pass phrase of {file}:").format(file=file))
        return asyncssh.read_private_key(str(file), passphrase=typed.reveal())
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, OSError) as problem:
        raise unusable(file, problem) from problem
