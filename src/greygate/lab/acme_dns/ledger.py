"""Accounts and texts, in SQLite: they outlive the program, as the real one's do."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
import string
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

KEY_LENGTH = 40
LETTERS = f"{string.ascii_letters}{string.digits}-_"
SLOTS = 2  # for a name and the wildcard beside it
TABLES = """
CREATE TABLE IF NOT EXISTS records(
    Username TEXT UNIQUE NOT NULL PRIMARY KEY, Password TEXT UNIQUE NOT NULL,
    Subdomain TEXT UNIQUE NOT NULL, AllowFrom TEXT);
CREATE TABLE IF NOT EXISTS txt(
    Subdomain TEXT NOT NULL, Value TEXT NOT NULL DEFAULT '', LastUpdate INT);
"""
# Times are whole seconds: of two slots of the same one, the first goes, newer or not.
OVERWRITE = """
UPDATE txt SET Value=?, LastUpdate=?
WHERE rowid=(SELECT rowid FROM txt WHERE Subdomain=? ORDER BY LastUpdate LIMIT 1)
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Who may set the texts of one subdomain, and from where."""

    username: str
    hashed: str
    subdomain: str
    allow_from: tuple[str, ...]

    def allows(self, client: str) -> bool:
        """Whether its updates may come from there; from anywhere where no network is named."""
        if not self.allow_from:
            return True
        try:
            address = _unmapped(ip_address(client))
        except ValueError:
            return False
        return any(address in ip_network(it, strict=False) for it in self.allow_from)

    def opens(self, key: str) -> bool:
        """Whether this is its key."""
        salt = bytes.fromhex(self.hashed.partition("$")[0])
        return hmac.compare_digest(_hashed(key, salt), self.hashed)


class Ledger:
    """All accounts of one server."""

    def __init__(self, database: str) -> None:
        self._connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None)
        self._connection.executescript(TABLES)
        self._lock = threading.Lock()

    def register(self, allow_from: Sequence[str]) -> tuple[Account, str]:
        """A new account, and its key in clear: the only time that it is seen."""
        key = "".join(secrets.choice(LETTERS) for _ in range(KEY_LENGTH))
        hashed = _hashed(key, secrets.token_bytes(16))
        made = Account(str(uuid.uuid4()), hashed, str(uuid.uuid4()), tuple(allow_from))
        row = (made.username, made.hashed, made.subdomain, json.dumps(made.allow_from))
        with self._lock:
            self._connection.execute("INSERT INTO records VALUES(?, ?, ?, ?)", row)
            self._connection.executemany(
                "INSERT INTO txt(Subdomain, LastUpdate) VALUES(?, 0)", [(made.subdomain,)] * SLOTS
            )
        return made, key

    def account(self, username: str) -> Account | None:
        """The account of that user."""
        with self._lock:
            asked = "SELECT Username, Password, Subdomain, AllowFrom FROM records WHERE Username=?"
            row = self._connection.execute(asked, (username,)).fetchone()
        return Account(row[0], row[1], row[2], tuple(json.loads(row[3]))) if row else None

    def texts(self, subdomain: str) -> tuple[str, ...]:
        """What is set there now: none, one or two."""
        with self._lock:
            asked = "SELECT Value FROM txt WHERE Subdomain=?"
            rows = self._connection.execute(asked, (subdomain,)).fetchall()
        return tuple(value for (value,) in rows if value)

    def update(self, subdomain: str, text: str) -> None:
        """Overwrite the older of its slots."""
        with self._lock:
            self._connection.execute(OVERWRITE, (text, int(time.time()), subdomain))


def _hashed(key: str, salt: bytes) -> str:
    return f"{salt.hex()}${hashlib.scrypt(key.encode(), salt=salt, n=2**12, r=8, p=1).hex()}"


def _unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """On a socket of both families, 192.0.2.1 comes as ::ffff:192.0.2.1."""
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
