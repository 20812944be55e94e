"""The keys that home makes for its edges, and the one with which it signs what it tells them."""

from __future__ import annotations

import shutil
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from secrets import token_bytes

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from greygate.errors import Trouble
from greygate.machine.files import Owner, directory, replace, write_new
from greygate.plan.paths import Paths
from greygate.secret import Secret
from greygate.spec.tsig import TsigKey, tsig_key
from greygate.text import _

KEY_NAME = "greygate"
KEY_OCTETS = 32  # as long as what HMAC-SHA256 makes
LABEL_OCTETS = 10
OWN = 0o700
OWN_FILE = 0o400


def ensure(paths: Paths, edges: Iterable[str]) -> None:
    """Have a key for each edge, and the one that signs; those that are there stay."""
    ids = tuple(edges)
    if not ids:
        return
    _make(paths.site_key)
    directory(paths.edges, mode=OWN)
    for edge in ids:
        directory(paths.edge_key(edge).parent, mode=OWN)
        if not Path(paths.edge_key(edge)).exists():
            write_new(paths.peer_label(edge), _label(), owner=Owner.ourselves(), mode=OWN_FILE)
        _make(paths.edge_key(edge))


def ensure_name_server_key(paths: Paths, edge: str) -> TsigKey:
    """The key with which the edge's name server is written; made where it is not there yet."""
    if (there := name_server_key(paths, edge)) is not None:
        return there
    path = paths.name_server_key(edge)
    directory(path.parent, mode=OWN)
    made = f"{KEY_NAME}:{b64encode(token_bytes(KEY_OCTETS)).decode()}"
    write_new(path, made.encode(), owner=Owner.ourselves(), mode=OWN_FILE)
    return tsig_key(Path(path).read_text("ascii"))


def name_server_key(paths: Paths, edge: str) -> TsigKey | None:
    """The key with which the edge's name server is written; None before it is made."""
    path = paths.name_server_key(edge)
    try:
        return tsig_key(Path(path).read_text("ascii"))
    except FileNotFoundError:
        return None
    except ValueError as broken:
        raise Trouble(
            _("cannot use {path}: it is damaged").format(path=path),
            _("rm {path}; then have the edge told anew").format(path=path),
        ) from broken


def renew(paths: Paths, edge: str, *, elsewhere: bool) -> None:
    """Another key for the edge: whoever has the old one is nobody from the next start on.

    `elsewhere`: for another host, which is asked for its node by another label, too. On the same
    one an old token would not even show that home refuses it.
    """
    if elsewhere or not Path(paths.peer_label(edge)).exists():
        replace(paths.peer_label(edge), _label(), owner=Owner.ourselves(), mode=OWN_FILE)
    replace(paths.edge_key(edge), _new(), owner=Owner.ourselves(), mode=OWN_FILE)


def public_keys(paths: Paths, edges: Iterable[str]) -> dict[str, str]:
    """The public key, hexadecimal, of each edge that has one."""
    there = (edge for edge in edges if _exists(paths.edge_key(edge)))
    return {edge: public(_read(paths.edge_key(edge))) for edge in there}


def peer_labels(paths: Paths, edges: Iterable[str]) -> dict[str, str]:
    """By what each edge's node is asked for, where that is a secret."""
    there = (edge for edge in edges if _exists(paths.peer_label(edge)))
    return {edge: Path(paths.peer_label(edge)).read_text("ascii") for edge in there}


def forget(paths: Paths, edge: str) -> None:
    """Take away all that is kept of the edge; whoever has its token is nobody any more."""
    shutil.rmtree(paths.edge_key(edge).parent, ignore_errors=True)


def seed(paths: Paths, edge: str) -> Secret:
    """The edge's own key, as its token carries it."""
    return Secret(_read(paths.edge_key(edge)).private_bytes_raw().hex())


def site_key(paths: Paths) -> Ed25519PrivateKey:
    """With what home signs what it tells its edges."""
    return _read(paths.site_key)


def verify_key(paths: Paths) -> str:
    """With what an edge checks that it is home who speaks."""
    return public(_read(paths.site_key))


def overlay_public_key(paths: Paths) -> str:
    """The public key of home's own node."""
    return public(_read(paths.overlay_key))


def public(key: Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes_raw().hex()


def pem(secret: Secret) -> bytes:
    """A key that came as its seed, as Yggdrasil reads it (PKCS#8 PEM)."""
    return _pem(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret.reveal())))


def _label() -> bytes:
    return token_bytes(LABEL_OCTETS).hex().encode()


def _exists(path: PurePosixPath) -> bool:
    try:
        return Path(path).exists()
    except PermissionError:  # root's own directory, and we are not root
        return False


def _make(path: PurePosixPath) -> None:
    write_new(path, _new(), owner=Owner.ourselves(), mode=OWN_FILE)


def _new() -> bytes:
    return _pem(Ed25519PrivateKey.generate())


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _read(path: PurePosixPath) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(Path(path).read_bytes(), password=None)
        assert isinstance(key, Ed25519PrivateKey)
    except FileNotFoundError as absent:
        raise Trouble(
            _("cannot read {path}: it is not there yet").format(path=path), "greygate up"
        ) from absent
    except (ValueError, AssertionError) as broken:
        raise Trouble(
            _("cannot use {path}: it is damaged").format(path=path),
            _("put it back from identity.tar, or make the edge anew: greygate edge rotate ID"),
        ) from broken
    return key
