"""What keeps us from a host, in words: keys that are not right, doors that stay shut."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncssh

from greygate.errors import Trouble
from greygate.home.host_keys import HostKey
from greygate.home.ssh_target import Target
from greygate.text import _, listing


@contextmanager
def told(target: Target) -> Iterator[None]:
    """asyncssh's and the system's refusals as Trouble, but for what a person may be asked."""
    try:
        yield
    except (asyncssh.HostKeyNotVerifiable, asyncssh.PermissionDenied):
        raise
    except (asyncssh.Error, OSError, ValueError) as problem:
        raise trouble_of(target, problem) from problem


def trouble_of(target: Target, problem: Exception) -> Trouble:
    match problem:
        case asyncssh.ConnectionLost() | ConnectionResetError() | BrokenPipeError():
            return Trouble(
                _("cannot go on at {target}: the connection broke off").format(target=target),
                _("run the same command again: it goes on where it stopped"),
            )
        case asyncssh.Error():
            return Trouble(
                _("cannot go on at {target}: its SSH says: {why}").format(
                    target=target, why=problem.reason
                ),
                _("does it go by hand? ssh {target}").format(target=target),
            )
        case OSError():
            return _out_of_reach(target, problem)
        case _:
            return Trouble(
                _("cannot read the settings of ssh: {why}").format(why=problem),
                _("mend ~/.ssh/config"),
            )


def unusable(identity: Path, problem: Exception) -> Trouble:
    why = problem.strerror if isinstance(problem, OSError) else str(problem)
    return Trouble(
        _("cannot use the private key {file}: {why}").format(file=identity, why=why),
        _("add it to your agent (ssh-add FILE), or name another: --identity FILE"),
    )


def unknown(target: Target, shown: HostKey) -> Trouble:
    """Nobody is there to be asked."""
    return Trouble(
        _("cannot trust {target}: it is not known here; its {kind} key is {fingerprint}").format(
            target=target, kind=shown.kind, fingerprint=shown.fingerprint
        ),
        _("compare that with the host's console, then: --host-key {fingerprint}").format(
            fingerprint=shown.fingerprint
        ),
    )


def unlike(target: Target, fingerprint: str, wanted: str) -> Trouble:
    return Trouble(
        _("cannot trust {target}: its key is {fingerprint}, not {wanted}").format(
            target=target, fingerprint=fingerprint, wanted=wanted
        ),
        _("is that the right host? Its provider's console shows its keys; nothing was sent"),
    )


def changed(target: Target, shown: HostKey) -> Trouble:
    """Somebody else's machine has the address, or somebody stands in between."""
    return Trouble(
        _(
            "cannot trust {target}: THE KEY OF THIS HOST HAS CHANGED\n"
            "    known here: {known}\n"
            "    it shows:   {fingerprint} ({kind})\n"
            "Somebody may be in between and read along; or the host was installed anew. "
            "Nothing was sent to it."
        ).format(
            target=target,
            known=listing(shown.known),
            fingerprint=shown.fingerprint,
            kind=shown.kind,
        ),
        _("only if you know why it changed: ssh-keygen -R '{name}', then run this again").format(
            name=shown.name
        ),
    )


def denied(target: Target, *, sudo: str | None = None) -> Trouble:
    """Nothing that was tried is let in; `sudo`: whose own keys were not, since root asks here."""
    hint = _(
        "put your public key there (the provider's console, or ssh-copy-id {target}), name "
        "one with --identity FILE, or run this at a terminal, which can ask for a password"
    ).format(target=target)
    own = _("your own keys are not root's: --identity ~{user}/.ssh/id_ed25519; or ")
    return Trouble(
        _("cannot log in: {target} takes none of the keys that were tried").format(target=target),
        own.format(user=sudo) + hint if sudo else hint,
    )


def _out_of_reach(target: Target, problem: OSError) -> Trouble:
    match problem:
        case socket.gaierror():
            why = _("nobody knows the name {host}").format(host=target.host)
        case ConnectionRefusedError():
            why = _("nothing listens for SSH there")
        case TimeoutError():
            why = _("no answer")
        case _:
            why = (problem.strerror or str(problem)).lower()
    return Trouble(
        _("cannot reach {target}: {why}").format(target=target, why=why),
        _("is the host up, is the address right, is its SSH at another port (user@host:port)?"),
    )
