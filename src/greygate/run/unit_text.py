"""How a unit file of systemd's is spelled, and what shuts in everything of ours."""

from __future__ import annotations

from collections.abc import Iterable

TARGET = "greygate.target"

# What no program of ours needs; systemd.exec(5) tells each.
NOT_PRIVILEGED = "SystemCallFilter=~@privileged @resources"
SHUT = (
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "PrivateTmp=yes",
    "ProtectProc=invisible",
    "ProcSubset=pid",
    "ProtectClock=yes",
    "ProtectControlGroups=yes",
    "ProtectHostname=yes",
    "ProtectKernelLogs=yes",
    "ProtectKernelModules=yes",
    "ProtectKernelTunables=yes",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "LockPersonality=yes",
    "KeyringMode=private",
    "SystemCallArchitectures=native",
    "SystemCallFilter=@system-service",
    NOT_PRIVILEGED,
    "SystemCallErrorNumber=EPERM",
    "UMask=0077",
)


def command(argv: tuple[str, ...]) -> str:
    """A command line."""
    return " ".join(map(_word, argv))


def _word(word: str) -> str:
    """One argument as systemd.service(5) reads it back."""
    escaped = literal(word).replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    plain = escaped and not any(sign.isspace() or sign in "\"'\\;" for sign in escaped)
    return escaped if plain else f'"{escaped}"'


def literal(text: str) -> str:
    """`text` without what systemd would expand."""
    assert "\n" not in text, text
    return text.replace("%", "%%")


def file_text(sections: Iterable[tuple[str, Iterable[str]]]) -> str:
    """A whole file: sections with their lines."""
    blocks = ("\n".join((f"[{name}]", *lines)) for name, lines in sections)
    return "\n\n".join(blocks) + "\n"
