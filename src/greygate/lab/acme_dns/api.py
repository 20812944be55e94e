"""What the server answers over HTTP: what a client sent, to a status and a JSON object."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from .ledger import Account, Ledger

KEY = re.compile(r"[A-Za-z0-9_-]{40}")
TEXT = re.compile(r"[A-Za-z0-9_-]{43}")  # a SHA-256 in base64url without padding
USER = re.compile(r"(urn:uuid:)?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
NETWORK = re.compile(r"[0-9a-fA-F.:]+/\d{1,3}")  # Python would take a lone address, and a netmask

Answer = tuple[int, dict[str, object]]
FORBIDDEN: Answer = (401, {"error": "forbidden"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The two acts that change something."""

    ledger: Ledger
    domain: str
    registers: bool = True

    def register(self, body: bytes) -> Answer:
        """Anybody may; the networks that updates may come from are judged here, and only here."""
        try:
            networks = _wanted_networks(body)
        except ValueError:
            return 400, {"error": "malformed_json_payload"}
        if not all(map(_is_network, networks)):
            return 400, {"error": "invalid_allowfrom_cidr"}
        made, key = self.ledger.register(networks)
        return 201, {
            "username": made.username,
            "password": key,
            "fulldomain": f"{made.subdomain}.{self.domain}",
            "subdomain": made.subdomain,
            "allowfrom": [*made.allow_from],
        }

    def update(self, user: str, key: str, clients: Sequence[str], body: bytes) -> Answer:
        """Whatever is wrong with who asks, the answer is one and the same."""
        account = self._account(user, key)
        if account is None or not any(map(account.allows, clients or ("",))):
            return FORBIDDEN
        wanted = _first_object(body)
        if wanted.get("subdomain") != account.subdomain:
            return FORBIDDEN
        text = wanted.get("txt")
        if not (isinstance(text, str) and TEXT.fullmatch(text)):
            return 400, {"error": "bad_txt"}
        self.ledger.update(account.subdomain, text)
        return 200, {"txt": text}

    def _account(self, user: str, key: str) -> Account | None:
        if not (USER.fullmatch(user) and KEY.fullmatch(key)):
            return None
        account = self.ledger.account(str(uuid.UUID(user)))
        return account if account and account.opens(key) else None


def _wanted_networks(body: bytes) -> tuple[str, ...]:
    """What a registration asks for; ValueError where it cannot be read. It may be empty."""
    said = json.loads(body) if body else None
    if said is None:
        return ()
    if not isinstance(said, dict):
        raise ValueError("no object")
    wanted = _lowered(said).get("allowfrom") or []
    if not (isinstance(wanted, list) and all(isinstance(it, str) for it in wanted)):
        raise ValueError("no list of texts")
    return tuple(re.sub(r"[\[\]]", "", it) for it in wanted)


def _is_network(text: str) -> bool:
    try:
        return NETWORK.fullmatch(text) is not None and bool(ip_network(text, strict=False))
    except ValueError:
        return False


def _first_object(body: bytes) -> dict[str, object]:
    """The JSON object that the body begins with; an empty one where it begins with none."""
    try:
        said, _end = json.JSONDecoder().raw_decode(body.decode("utf-8", "replace").lstrip())
    except ValueError:
        return {}
    return _lowered(said) if isinstance(said, dict) else {}


def _lowered(said: dict[str, object]) -> dict[str, object]:
    """Go reads the names of fields in any case."""
    return {key.lower(): value for key, value in said.items()}
