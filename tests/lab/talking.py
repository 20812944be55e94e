"""What two people do with a Matrix server: the same acts wherever the server is."""

from __future__ import annotations

from dataclasses import dataclass

from lab.client import Client

FILE = 300_000  # octets: more than one TCP window, less than any limit


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people at their clients, logged in."""

    one: Client
    other: Client
    other_id: str


def open_room(pair: Pair, *, direct: bool) -> str:
    """An encrypted room with both in it."""
    made = pair.one.does("create_room", invite=[pair.other_id], direct=direct)
    room: str = made["room"]
    pair.other.does("join", room=room)
    return room


def talk(pair: Pair, room: str, *, topic: str) -> None:
    """A message and a file each way, each opened by who it is for."""
    for sender, reader in ((pair.one, pair.other), (pair.other, pair.one)):
        who = sender.does("whoami")["user"]
        text = f"{topic}, says {who}"
        event = sender.does("send", room=room, text=text)["event"]
        assert reader.does("read", room=room, text=text) == {"sender": who, "decrypted": True}
        assert sender.does("on_server", room=room, event=event) == {"type": "m.room.encrypted"}
        name = f"{topic}-{who[1:4]}.bin"
        sent = sender.does("send_file", room=room, name=name, size=FILE)
        got = reader.does("fetch_file", room=room, name=name)
        assert got == {"sender": who, "decrypted": True, "sealed": True, "sha256": sent["sha256"]}
