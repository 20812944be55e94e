"""Requests signed as a homeserver signs them (server-server API, "Request authentication")."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class Signer:
    """A server that has a key."""

    name: str
    key_id: str
    key: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, file: Path) -> Signer:
        """By the file that Synapse keeps: algorithm, version, seed."""
        algorithm, version, seed = file.read_text().split()
        octets = b64decode(seed + "=" * (-len(seed) % 4))
        return cls(name, f"{algorithm}:{version}", Ed25519PrivateKey.from_private_bytes(octets))

    def header(self, method: str, target: str, to: str, content: object = None) -> bytes:
        """The Authorization header over the target, octet for octet."""
        signed = {"method": method, "uri": target, "origin": self.name, "destination": to}
        if content is not None:
            signed["content"] = content  # type: ignore[assignment]
        signature = b64encode(self.key.sign(canonical(signed))).decode().rstrip("=")
        told = f'origin="{self.name}",destination="{to}",key="{self.key_id}",sig="{signature}"'
        return f"Authorization: X-Matrix {told}".encode()


def canonical(value: object) -> bytes:
    """Canonical JSON (specification, appendices), for values without floats."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode()
