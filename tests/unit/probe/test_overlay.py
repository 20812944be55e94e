"""A node that answers over its admin socket, in the words of Yggdrasil 0.5.12."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any

from greygate.probe import overlay
from greygate.probe.answers import NoAnswer, Peer, Peers

SELF: dict[str, Any] = {
    "build_name": "yggdrasil",
    "build_version": "0.5.12",
    "key": "82ff",
    "address": "200:fa01:7f24:48c1:d7e0:e0da:7b88:d7c7",
    "routing_entries": 1,
    "subnet": "300:fa01:7f24:48c1::/64",
}
DOWN: dict[str, Any] = {
    "remote": "tls://127.0.0.1:9",
    "up": False,
    "inbound": False,
    "last_error": "dial tcp 127.0.0.1:9: connect: connection refused",
}


@contextmanager
def node(place: Path, answer: dict[str, Any]) -> Iterator[str]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        listening.listen()

        def serve() -> None:
            channel, _peer = listening.accept()
            with channel:
                channel.recv(4096)
                with suppress(OSError):  # whoever asked may have heard enough
                    channel.sendall(json.dumps(answer, indent=2).encode() + b"\n")

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield str(place)
        thread.join(5)


def test_an_answer_without_an_end_is_none(tmp_path: Path) -> None:
    words = told({"peers": [DOWN] * (overlay.LARGEST // 100)})
    with node(tmp_path / "s", words) as place:
        assert overlay.peers(place) == NoAnswer("its answer has no end")


def told(response: object) -> dict[str, Any]:
    return {"status": "success", "request": {}, "response": response}


def test_a_peer_that_is_down_says_why(tmp_path: Path) -> None:
    with node(tmp_path / "s", told({"peers": [DOWN]})) as place:
        peers = overlay.peers(place)
    assert peers == Peers(
        (Peer(uri=DOWN["remote"], up=False, inbound=False, complaint=DOWN["last_error"]),)
    )
    assert peers.up == ()


def test_no_peers_at_all_is_null(tmp_path: Path) -> None:
    with node(tmp_path / "s", told({"peers": None})) as place:
        assert overlay.peers(place) == Peers(())


def test_a_refusal_is_no_answer(tmp_path: Path) -> None:
    refusal: dict[str, Any] = {"status": "error", "error": "Unknown action", "response": None}
    with node(tmp_path / "s", refusal) as place:
        assert overlay.peers(place) == NoAnswer("Unknown action")


def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    assert isinstance(overlay.peers(str(tmp_path / "s")), NoAnswer)
