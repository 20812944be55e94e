"""Keys that sign DNS updates (TSIG, RFC 8945), in the spellings of the programs that make them."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import dataclass

from greygate.secret import Secret
from greygate.text import _

ALGORITHM = "hmac-sha256"  # what every program takes, and makes where it is not told otherwise
# RFC 8945, 6; MD5 and SHA-1 are still in some providers' forms.
ALGORITHMS = (
    *("hmac-md5.sig-alg.reg.int", "hmac-sha1", "hmac-sha224"),
    *("hmac-sha256", "hmac-sha384", "hmac-sha512"),
)
SHORT = {"hmac-md5": "hmac-md5.sig-alg.reg.int"}

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
# tsig-keygen (BIND): key "name" { algorithm hmac-sha256; secret "..."; };
_BIND = re.compile(r'key\s+"?(?P<name>[^\s"{]+)"?\s*\{(?P<body>[^}]*)\}')
_BIND_PART = re.compile(r'(?P<part>algorithm|secret)\s+"?(?P<value>[^\s";]+)"?\s*;')
# keymgr -t (Knot): a list item with id, algorithm, secret, below a comment with all three.
_KNOT_PART = re.compile(r"^\s*(?:-\s+)?(?P<part>id|algorithm|secret):\s*(?P<value>\S+)\s*$", re.M)
_COMMENT = re.compile(r"^\s*(?:#|//).*$", re.M)


class BadTsigKey(ValueError):
    """A text that is no TSIG key; `why` says what is wrong with it, and repeats no secret."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class TsigKey:
    """A shared secret with its name: both sides must know both, and the algorithm."""

    name: str
    algorithm: str
    secret: Secret  # base64

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.name}"

    def reveal(self) -> str:
        """On one line, as `tsig_key` reads it."""
        return f"{self}:{self.secret.reveal()}"


def tsig_key(text: str) -> TsigKey:
    """The key in a file of tsig-keygen or keymgr, or on one line: [ALGORITHM:]NAME:SECRET."""
    plain = _COMMENT.sub("", text)
    if found := _BIND.search(plain):
        parts = {it["part"]: it["value"] for it in _BIND_PART.finditer(found["body"])}
        return _made(found["name"], parts.get("algorithm"), parts.get("secret"))
    parts = {it["part"]: it["value"] for it in _KNOT_PART.finditer(plain)}
    if "secret" in parts:
        return _made(parts.get("id"), parts.get("algorithm"), parts["secret"])
    words = plain.strip().split(":")
    match words:
        case [algorithm, name, secret]:
            return _made(name, algorithm, secret)
        case [name, secret]:
            return _made(name, None, secret)
        case _:
            raise BadTsigKey(_("it is written neither as tsig-keygen nor as keymgr -t write it"))


def _made(name: str | None, algorithm: str | None, secret: str | None) -> TsigKey:
    plain = (algorithm or ALGORITHM).lower().removesuffix(".")
    known = SHORT.get(plain, plain)
    if name is None or not _NAME.fullmatch(name):
        raise BadTsigKey(_("the key has no name"))
    if known not in ALGORITHMS:
        raise BadTsigKey(_("{name} is no algorithm of RFC 8945").format(name=plain))
    try:
        decoded = b64decode(secret or "", validate=True)
    except ValueError as problem:  # binascii.Error is one, letters beyond ASCII are another
        raise BadTsigKey(_("the secret is not base64")) from problem
    if not decoded:
        raise BadTsigKey(_("the secret is missing"))
    return TsigKey(name.removesuffix(".").lower(), known, Secret(secret or ""))
