"""The keys and secrets that make the server itself: made once, never written over."""

from __future__ import annotations

import re
import secrets
import string
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path, PurePosixPath

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from greygate.errors import Trouble
from greygate.machine.files import Owner, directory, give, write_new
from greygate.plan.paths import Paths
from greygate.spec.yggdrasil import address_of
from greygate.text import _, visible

YGGDRASIL = "greygate-yggdrasil"
SYNAPSE = "greygate-synapse"
HAPROXY = "greygate-haproxy"
KNOT = "greygate-knot"  # on an edge that is a name server
AGENT = "greygate-agent"  # of an edge
KEEPER = "greygate-keeper"
ACCOUNTS = (SYNAPSE, HAPROXY, YGGDRASIL, KEEPER)  # at home

TRAVERSED = 0o711  # services reach their own file by its name, and cannot list the others

_SIGNING_KEY = re.compile(rb"ed25519 a_[A-Za-z0-9]{4,} (?P<seed>[A-Za-z0-9+/]{43})\n?")
_SECRET = re.compile(rb"[A-Za-z0-9_-]{43,}\n?")


@dataclass(frozen=True, slots=True)
class Key:
    """One file that is made once: how, whose it is, and how a damaged one is known."""

    path: PurePosixPath
    account: str
    make: Callable[[], bytes]
    sound: Callable[[bytes], bool]


def keys_of(paths: Paths) -> tuple[Key, ...]:
    """In the order in which they are made: where one is there, those before it were."""
    return (
        Key(paths.signing_key, SYNAPSE, _new_signing_key, _is_signing_key),
        Key(paths.overlay_key, YGGDRASIL, _new_overlay_key, _is_overlay_key),
        Key(paths.macaroon_secret, SYNAPSE, _new_secret, _is_secret),
        Key(paths.form_secret, SYNAPSE, _new_secret, _is_secret),
        Key(paths.registration_secret, SYNAPSE, _new_secret, _is_secret),
    )


class AnotherServers(Trouble):
    """The state directory holds another server than the site file names."""


class UnusableKey(Trouble):
    """A key was there, and is lost or damaged."""


def claim(paths: Paths, server_name: str) -> None:
    """Mark the state as this server's; AnotherServers where it is another's."""
    directory(paths.state, mode=TRAVERSED)
    if not Path(paths.site_mark).exists():
        marked = server_name.encode() + b"\n"
        write_new(paths.site_mark, marked, owner=Owner.ourselves(), mode=0o644)
    demand_marked(paths, server_name)


def demand_marked(paths: Paths, server_name: str) -> None:
    """AnotherServers where the state is another's; FileNotFoundError where it is nobody's."""
    found = Path(paths.site_mark).read_bytes().decode(errors="backslashreplace").strip()
    if found != server_name:
        raise AnotherServers(
            _("cannot use {state} for {name}: it holds the server {other}").format(
                state=paths.state, name=server_name, other=visible(found)
            ),
            _(
                "keep both: choose another place for this one with --state DIRECTORY, "
                "or move that one away: mv {state} {state}.old"
            ).format(state=paths.state),
        )


def ensure_keys(paths: Paths, *, accounts: bool) -> None:
    """Have every key in place, its service's own; Trouble where one is lost or damaged."""
    directory(paths.keys, mode=TRAVERSED)
    keys = keys_of(paths)
    there = [Path(key.path).exists() for key in keys]
    begun = any(Path(it).exists() for it in (paths.identity, paths.ca))  # both come after them
    for place, key in enumerate(keys):
        owner = Owner.account(key.account) if accounts else Owner.ourselves()
        if not there[place]:
            if begun or any(there[place:]):
                raise lost(paths, key.path)
            write_new(key.path, key.make(), owner=owner, mode=0o400)
        elif not key.sound(Path(key.path).read_bytes()):
            raise damaged(paths, key.path)
        give(key.path, owner=owner, mode=0o400)


def demand_sound(paths: Paths) -> None:
    """Trouble where a key that the first start made is lost or damaged."""
    for key in keys_of(paths):
        if not Path(key.path).exists():
            raise lost(paths, key.path)
        if not key.sound(Path(key.path).read_bytes()):
            raise damaged(paths, key.path)


def overlay_address(paths: Paths) -> IPv6Address:
    """The address that the managed node has by its key."""
    with _told_as_damaged(paths):
        key = serialization.load_pem_private_key(
            Path(paths.overlay_key).read_bytes(), password=None
        )
        assert isinstance(key, Ed25519PrivateKey)
    return address_of(key.public_key().public_bytes_raw())


def lost(paths: Paths, path: PurePosixPath) -> UnusableKey:
    """A key was there, and is not: a new one would be another server."""
    return UnusableKey(
        _("cannot go on: {path} is gone, and a new one would be another server").format(path=path),
        _restore(paths, path),
    )


def damaged(paths: Paths, path: PurePosixPath) -> UnusableKey:
    what = _("cannot use {path}: it is damaged").format(path=path)
    return UnusableKey(what, _restore(paths, path))


def _restore(paths: Paths, path: PurePosixPath) -> str:
    """The command that brings back this one file; the copy here may be gone with it."""
    copy = paths.identity if Path(paths.identity).exists() else "YOUR-COPY-OF/identity.tar"
    return _("put it back from the identity: tar -xf {copy} -C {state} {member}").format(
        copy=copy, state=paths.state, member=path.relative_to(paths.state)
    )


@contextmanager
def _told_as_damaged(paths: Paths) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as absent:
        raise lost(paths, paths.overlay_key) from absent
    except (ValueError, TypeError, UnsupportedAlgorithm, AssertionError) as broken:
        raise damaged(paths, paths.overlay_key) from broken


def _new_overlay_key() -> bytes:
    """What Yggdrasil reads as PrivateKeyPath (0.5.12: PEM of type PRIVATE KEY, PKCS#8)."""
    return Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _is_overlay_key(content: bytes) -> bool:
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(key, Ed25519PrivateKey)


def _new_signing_key() -> bytes:
    """Synapse's form: algorithm, key id, and the seed in unpadded Base64 (signedjson.key)."""
    name = "".join(secrets.choice(string.ascii_letters) for _place in range(4))
    seed = b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    return f"ed25519 a_{name} {seed}\n".encode()


def _is_signing_key(content: bytes) -> bool:
    found = _SIGNING_KEY.fullmatch(content)
    return found is not None and len(b64decode(found["seed"] + b"=")) == 32


def _new_secret() -> bytes:
    return f"{secrets.token_urlsafe(48)}\n".encode()


def _is_secret(content: bytes) -> bool:
    return _SECRET.fullmatch(content) is not None
