"""What home asks of an edge's agent, one request on one connection, each signed.

    edge -> home   {"v": 1, "edge": ID, "challenge": 64 hexadecimal digits}
    home -> edge   {"order": JSON text, "signature": hexadecimal}
    edge -> home   one JSON object, and the end

The signature is Ed25519 over challenge + order, by the site's key. The challenge is the edge's own,
new for each connection: nothing can be replayed, and no clock is asked. The order is signed as
text, so that both sides sign and check the same octets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

VERSION = 1
CHALLENGE = 32  # octets
LONGEST = 65536  # octets of one message: a token of many names is some thousands


class Act(Enum):
    """What an edge can be asked for."""

    STATUS = "status"  # what runs, which serial, since when
    APPLY = "apply"  # a new token: other names, another key
    PROBE = "probe"  # is our own ingress at home reached from there?


@dataclass(frozen=True, slots=True)
class Order:
    """One request, already known to come from home."""

    act: Act
    token: str | None = None  # with APPLY: the new token, as `token.written` has it


class NotHome(ValueError):
    """The order was not signed by our home, or not for this connection."""


def signed(order: Order, challenge: str, key: Ed25519PrivateKey) -> dict[str, str]:
    """The order as home sends it."""
    text = json.dumps({"act": order.act.value, "token": order.token}, separators=(",", ":"))
    return {"order": text, "signature": key.sign(_octets(challenge, text)).hex()}


def checked(message: Mapping[str, Any], challenge: str, verify_key: str) -> Order:
    """The order that a message holds; NotHome where home did not send it, ValueError otherwise."""
    text, signature = message.get("order"), message.get("signature")
    if not isinstance(text, str) or not isinstance(signature, str):
        raise NotHome("no order, or no signature")
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(verify_key))
    try:
        public.verify(bytes.fromhex(signature), _octets(challenge, text))
    except (InvalidSignature, ValueError) as forged:
        raise NotHome("the signature is not home's") from forged
    told = json.loads(text)
    return Order(Act(told["act"]), told.get("token"))


def _octets(challenge: str, order: str) -> bytes:
    return f"greygate order {VERSION}\n{challenge}\n{order}".encode()
