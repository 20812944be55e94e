"""How HAProxy's configuration spells addresses and texts."""

from __future__ import annotations

from greygate.site.model import Address


def host(address: Address) -> str:
    """An address as a Host header spells it."""
    return f"[{address}]" if address.version == 6 else str(address)


def bind(address: Address, port: int) -> str:
    return f"{host(address)}:{port}"


def quoted(value: object) -> str:
    """One word for HAProxy, whatever is in it."""
    text = str(value)
    for special in ("\\", '"', "$"):
        text = text.replace(special, "\\" + special)
    return f'"{text}"'
