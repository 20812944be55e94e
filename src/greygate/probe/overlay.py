"""A Yggdrasil node asked over its admin socket: one JSON request, one JSON answer, then closed."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from typing import Any

from greygate.probe.answers import (
    NoAnswer,
    Peer,
    Peers,
    PeersAnswer,
)
from greygate.text import _

Admin = str | tuple[str, int]  # a socket's path, or an address of this machine with its port

PATIENCE = 3.0  # seconds; it answers in one millisecond
LARGEST = 4_000_000  # octets; a peer is told in 500


def peers(admin: Admin) -> PeersAnswer:
    """With whom it peers, or tries to."""
    match _ask(admin, "getPeers"):
        case NoAnswer() as nothing:
            return nothing
        case told:
            return Peers(tuple(map(_peer, told.get("peers") or ())))


def key(admin: Admin) -> str | NoAnswer:
    """The node's public key, hexadecimal."""
    match _ask(admin, "getSelf"):
        case NoAnswer() as nothing:
            return nothing
        case told:
            return str(told.get("key", ""))


def add_peer(admin: Admin, uri: str) -> NoAnswer | None:
    """Have it dial that peer; it refuses one that it has, whatever key is pinned (0.5.12)."""
    answer = _ask(admin, "addPeer", uri=uri)
    return answer if isinstance(answer, NoAnswer) else None


def remove_peer(admin: Admin, uri: str) -> NoAnswer | None:
    """Have it end that peering, and dial it no more."""
    answer = _ask(admin, "removePeer", uri=uri)
    return answer if isinstance(answer, NoAnswer) else None


def _peer(told: Mapping[str, Any]) -> Peer:
    inbound = bool(told.get("inbound"))
    return Peer(
        uri=str(told.get("remote", "")),
        up=bool(told["up"]),
        inbound=inbound,
        complaint=str(told.get("last_error", "")),
        uptime=float(told["uptime"]) if told["up"] and "uptime" in told else None,
    )


def _ask(admin: Admin, request: str, **arguments: str) -> dict[str, Any] | NoAnswer:
    """The `response` of the node; a 0.4 node, whose words differ, is NoAnswer too."""
    try:
        with _connected(admin) as channel:
            said = {"request": request, "arguments": arguments}
            channel.sendall(json.dumps(said).encode())
            told = json.loads(_whole(channel))
    except (OSError, ValueError) as error:
        return NoAnswer(getattr(error, "strerror", None) or str(error))
    if not isinstance(told, dict) or told.get("status") != "success":
        return NoAnswer(str(told.get("error") if isinstance(told, dict) else told))
    response = told.get("response")
    return response if isinstance(response, dict) else NoAnswer(f"{request}: an empty answer")


def _connected(admin: Admin) -> socket.socket:
    if isinstance(admin, tuple):
        return socket.create_connection(admin, timeout=PATIENCE)
    channel = socket.socket(socket.AF_UNIX)
    try:
        channel.settimeout(PATIENCE)
        channel.connect(admin)
    except OSError:
        channel.close()
        raise
    return channel


def _whole(channel: socket.socket) -> bytes:
    """All until the node closes, as it does after one answer unless asked to stay (0.5.12)."""
    told, ends_at = b"", time.monotonic() + PATIENCE
    while part := channel.recv(65536):
        told += part
        if len(told) > LARGEST or time.monotonic() > ends_at:
            raise ValueError(_("its answer has no end"))
    return told
