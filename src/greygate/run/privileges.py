"""As whom a service runs in the foreground, and what it may: the command line of setpriv."""

from __future__ import annotations

from dataclasses import dataclass

from greygate.components.component import Service

ROOT = "root"

# The kernel forgets the parent-death signal whenever the user changes. setpriv asks for it after
# that change (run with util-linux 2.38), so one setpriv does both.
TIED = ("setpriv", "--pdeathsig", "KILL", "--no-new-privs")


@dataclass(frozen=True, slots=True)
class Identity:
    """An account, its groups, and the capabilities that go with it."""

    account: str
    capabilities: tuple[str, ...]
    group: str
    other_groups: tuple[str, ...] = ()


def identity_of(service: Service, *, devices_open: bool) -> Identity:
    """The service's own account; root with next to nothing where that account is shut out.

    On some machines /dev/net/tun is 0600 root. We do not change the machine's devices: the service
    then runs as root, stripped to what it asked for and to reading its key, which belongs to its
    account.
    """
    if service.devices and not devices_open:
        return Identity(ROOT, (*service.capabilities, "dac_read_search"), service.group)
    return Identity(service.account, service.capabilities, service.group, service.other_groups)


def confined(argv: tuple[str, ...], identity: Identity | None) -> tuple[str, ...]:
    """`argv` so started that it dies with its parent; None: under whatever account we have."""
    if identity is None:
        return (*TIED, *argv)
    allowed = ",".join(("-all", *(f"+{name}" for name in identity.capabilities)))
    return (*TIED, *_account(identity, allowed), "--bounding-set", allowed, *argv)


def _account(identity: Identity, allowed: str) -> tuple[str, ...]:
    if identity.account == ROOT:  # root has its bounding set by itself
        return ("--regid", identity.group, "--clear-groups", "--inh-caps", "-all")
    others = identity.other_groups
    return (
        *("--reuid", identity.account, "--regid", identity.group),
        *(("--groups", ",".join(others)) if others else ("--clear-groups",)),
        *("--inh-caps", allowed, "--ambient-caps", allowed),
    )
