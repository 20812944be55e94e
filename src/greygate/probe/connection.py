"""Why nobody answers at a host: by each of its addresses, as each may fail for its own reason.

A program that tries one address after the other tells the last failure alone: where the server is
down and this machine has no IPv6, that is "Network is unreachable", which misleads.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from greygate.text import _

PATIENCE = 5.0  # seconds for one address


@dataclass(frozen=True, slots=True)
class Attempt:
    """One address, and why it could not be connected to; None where it could."""

    address: str
    why_not: str | None


def attempts(host: str, port: int, *, patience: float = PATIENCE) -> tuple[Attempt, ...]:
    """Every address of the host, tried; OSError where its name has none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(_attempt(family, place, patience) for family, *_rest, place in found)


def why_not(host: str, port: int, *, patience: float = PATIENCE) -> str | None:
    """Why none of its addresses can be connected to; None where one can."""
    try:
        tried = attempts(host, port, patience=patience)
    except socket.gaierror as problem:
        return _("{host} has no address here: {why}").format(host=host, why=problem.strerror)
    if any(it.why_not is None for it in tried):
        return None
    return ", ".join(f"{it.address}: {it.why_not}" for it in tried)


def _attempt(family: int, place: tuple[object, ...], patience: float) -> Attempt:
    address = str(place[0])
    with socket.socket(family, socket.SOCK_STREAM) as channel:
        channel.settimeout(patience)
        try:
            channel.connect(place)
        except TimeoutError:
            return Attempt(address, _("no answer"))
        except OSError as problem:
            return Attempt(address, problem.strerror or str(problem))
    return Attempt(address, None)
