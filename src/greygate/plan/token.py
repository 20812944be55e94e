"""What an edge is told of its site: one line, by hand at first, later as signed orders.

    greygate1.BASE64URL(JSON).CHECKSUM

A token is a secret: whoever has it can be that edge on the overlay. It opens no TLS.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from greygate.errors import Trouble
from greygate.plan.edges import PEER
from greygate.secret import Secret
from greygate.spec.tsig import TsigKey, tsig_key
from greygate.spec.yggdrasil import address_of
from greygate.text import _

PREFIX = "greygate1"
FORMATS = (1, 2)  # the second has a label, which the programs before did not know
CHECKSUM = 8  # hexadecimal digits: a slip of the hand is found, a forger is not meant


@dataclass(frozen=True, slots=True)
class Tenant:
    """One home that an edge serves: the names it lets in, and where they go."""

    names: tuple[str, ...]
    home: IPv6Address
    port: int


@dataclass(frozen=True, slots=True)
class NameServer:
    """What an edge is a name server of, and the key by which home writes it."""

    zone: str
    key: TsigKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Everything that an edge must know."""

    site: str  # which site it is of: the first 16 hexadecimal digits of its verify key's SHA-256
    serial: int  # grows with everything that home changes: an older one is refused
    edge: str  # the edge's id
    name: str  # the edge's own name in DNS
    key: Secret  # the edge's overlay key: the Ed25519 seed, 64 hexadecimal digits
    home_key: str  # home's public overlay key, hexadecimal
    verify_key: str  # home's signatures are checked with this Ed25519 key, hexadecimal
    tenants: tuple[Tenant, ...]
    peer_label: str = PEER  # by which its node is asked for; a secret but for edges of old
    name_server: NameServer | None = None  # for challenges; most edges are none

    @property
    def address(self) -> IPv6Address:
        """The edge's own address on the overlay."""
        return overlay_address(self.key)

    @property
    def homes(self) -> tuple[IPv6Address, ...]:
        """Where orders come from, and where the tenants' traffic goes."""
        return tuple(dict.fromkeys(tenant.home for tenant in self.tenants))

    @property
    def digest(self) -> str:
        """What of it a running edge follows, but for the serial: equal where nothing differs."""
        followed = {name: value for name, value in told(self).items() if name != "serial"}
        return hashlib.sha256(_json(followed)).hexdigest()[:16]


def overlay_address(seed: Secret) -> IPv6Address:
    """The address of the node that has this key; `seed` is 64 hexadecimal digits."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed.reveal()))
    return address_of(key.public_key().public_bytes_raw())


def site_id(verify_key: str) -> str:
    """What tells one site from another."""
    return hashlib.sha256(bytes.fromhex(verify_key)).hexdigest()[:16]


def written(token: Token) -> str:
    """The token as one line, without the line's end."""
    body = f"{PREFIX}.{urlsafe_b64encode(_json(told(token))).rstrip(b'=').decode()}"
    return f"{body}.{_checksum(body)}"


def read(text: str) -> Token:
    """The token that a line holds; Trouble where it is damaged, or of another version."""
    line = "".join(text.split())  # terminals and mail programs break long lines
    prefix, _dot, rest = line.partition(".")
    if prefix != PREFIX:
        raise _unreadable(
            _("it is of another version of Greygate")
            if prefix.startswith("greygate") and prefix[8:].isdigit()
            else _("a token begins with {prefix}.").format(prefix=PREFIX)
        )
    encoded, dot, checksum = rest.partition(".")
    if not dot or checksum != _checksum(f"{prefix}.{encoded}"):
        raise _unreadable(_("it is damaged: a part of it is missing or was changed"))
    try:
        return token_of(json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))))
    except (BadBase64, ValueError, KeyError, TypeError) as problem:
        raise _unreadable(_("it is damaged: {why}").format(why=problem)) from problem


def token_of(spelled: Mapping[str, Any]) -> Token:
    """The token that a JSON object spells; ValueError, KeyError, TypeError where none does."""
    if spelled["v"] not in FORMATS:
        raise ValueError(f"format {spelled['v']}")
    return Token(
        site=str(spelled["site"]),
        serial=int(spelled["serial"]),
        edge=str(spelled["edge"]),
        name=str(spelled["name"]),
        key=Secret(_key(spelled["key"])),
        home_key=_key(spelled["home_key"]),
        verify_key=_key(spelled["verify_key"]),
        tenants=tuple(
            Tenant(tuple(map(str, it["names"])), IPv6Address(it["home"]), int(it["port"]))
            for it in spelled["tenants"]
        ),
        peer_label=str(spelled.get("peer", PEER)),
        name_server=_name_server(spelled.get("name_server")),
    )


def for_order(token: Token) -> dict[str, Any]:
    """What an order tells of it: all but the key, which its edge has."""
    return {name: value for name, value in told(token).items() if name != "key"}


def of_order(spelled: Mapping[str, Any], here: Token) -> Token:
    """The token that an order spells for the edge `here`; raises as `token_of` does."""
    token = token_of({**spelled, "key": here.key.reveal()})
    if token.verify_key != here.verify_key:
        raise ValueError("another site's key")
    return token


def told(token: Token) -> dict[str, Any]:
    """The token as a JSON object; it holds the secret."""
    served, labelled = token.name_server, token.peer_label != PEER
    return {
        "v": FORMATS[labelled],
        "site": token.site,
        "serial": token.serial,
        "edge": token.edge,
        "name": token.name,
        "key": token.key.reveal(),
        "home_key": token.home_key,
        "verify_key": token.verify_key,
        "tenants": [
            {"names": list(it.names), "home": str(it.home), "port": it.port} for it in token.tenants
        ],
        # Left out where it is none: a token as it always was.
        **({"peer": token.peer_label} if labelled else {}),
        **({"name_server": {"zone": served.zone, "key": served.key.reveal()}} if served else {}),
    }


def _name_server(spelled: Mapping[str, Any] | None) -> NameServer | None:
    if spelled is None:
        return None
    return NameServer(str(spelled["zone"]), tsig_key(str(spelled["key"])))


def _key(text: object) -> str:
    if not isinstance(text, str) or len(bytes.fromhex(text)) != 32:
        raise ValueError("a key has 64 hexadecimal digits")
    return text.lower()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:CHECKSUM]


def _unreadable(why: str) -> Trouble:
    return Trouble(
        _("cannot read the token: {why}").format(why=why),
        _("make it anew at home: greygate edge token ID > FILE, and copy the whole line"),
    )
