"""The link keeper against a node that answers as 0.5.12 does, over a real socket."""

from __future__ import annotations

import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from greygate.run import keeper
from greygate.run.keeper import DIAL, KNOCKS, LINGER, LONG, RARELY, Edge, Keeper, Knocks, Node


class Told(socketserver.ThreadingUnixStreamServer):
    """As much of a node as the keeper speaks to."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), Answer)
        self.up: dict[str, bool] = {}
        self.asked: list[tuple[str, str]] = []
        self.refuses = False


class Answer(socketserver.StreamRequestHandler):
    server: Told

    def handle(self) -> None:
        asked = json.loads(self.request.recv(65536))
        uri = asked["arguments"].get("uri", "")
        if asked["request"] == "getPeers":
            peers = [{"remote": it, "up": up} for it, up in self.server.up.items()]
            told: dict[str, object] = {"status": "success", "response": {"peers": peers}}
        else:
            self.server.asked.append((asked["request"], uri))
            refused: dict[str, object] = {"status": "error", "error": "peer is already configured"}
            granted: dict[str, object] = {"status": "success", "response": {}}
            told = refused if self.server.refuses else granted
        self.wfile.write(json.dumps(told).encode())


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    with Told(tmp_path / "admin.sock") as server:
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        yield server
        server.shutdown()
        serving.join()


@dataclass(frozen=True, slots=True)
class Doors:
    """The two ports of one edge, and how its links are named."""

    sockets: tuple[socket.socket, ...]

    @property
    def uris(self) -> list[str]:
        """As our own list has them."""
        return [f"{it}?key=ab&sni=peer.e" for it in self.remotes]

    @property
    def remotes(self) -> tuple[str, ...]:
        """As the node knows them."""
        return tuple(f"tls://127.0.0.1:{it.getsockname()[1]}" for it in self.sockets)


@pytest.fixture
def doors() -> Iterator[Doors]:
    """The edge's ports while it is away: both are full, and the kernel drops whatever comes."""
    with ExitStack() as ending:
        full = tuple(
            ending.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
            for _each in range(2)
        )
        for door in full:
            ending.enter_context(socket.create_connection(door.getsockname()))
        yield Doors(full)


@pytest.fixture
def kept(told: Told, doors: Doors) -> Keeper:
    edge = Edge("edge1", "::1", doors.uris)
    return Keeper(Node([str(told.server_address)]), [edge])


def answered(knocks: Knocks) -> bool:
    """Within half a second; loopback takes less than one thousandth of it."""
    for _try in range(50):
        if knocks.answered():
            return True
        time.sleep(0.01)
    return False


def test_a_knock_is_answered_by_who_takes_it_and_by_who_refuses_it() -> None:
    knocks = Knocks()
    with socket.create_server(("127.0.0.1", 0)) as door:
        knocks.begin(door.getsockname())
        assert answered(knocks)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # and does not listen
        knocks.begin(closed.getsockname())
        assert answered(knocks)
    assert not answered(knocks)


def test_where_nobody_answers_the_oldest_knock_is_given_up() -> None:
    knocks = Knocks()
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as full,
        socket.create_connection(full.getsockname()),
    ):
        before = len(os.listdir("/proc/self/fd"))
        for _number in range(3 * KNOCKS):
            knocks.begin(full.getsockname())
        assert not answered(knocks)
        assert len(os.listdir("/proc/self/fd")) == before + KNOCKS
        knocks.close()
        assert len(os.listdir("/proc/self/fd")) == before


def test_an_edge_that_answers_again_is_dialled_by_all_links_at_once(
    told: Told, kept: Keeper, doors: Doors
) -> None:
    told.up = dict.fromkeys(doors.remotes, False)
    now = 0.0
    while now < 1.0:
        kept.look(now := now + kept.pause(now))
    assert dialled(told) == doors.uris[:1]  # the other's turn comes later
    told.asked.clear()
    for door in doors.sockets:
        door.accept()[0].close()
    ends_at = time.monotonic() + 5
    while not dialled(told) and time.monotonic() < ends_at:
        kept.look(now := now + 0.01)
        time.sleep(0.01)
    assert sorted(dialled(told)) == sorted(doors.uris)
    kept.look(now + 1.0)
    assert len(dialled(told)) == 2  # they have their time now


def dialled(told: Told) -> list[str]:
    return [uri for request, uri in told.asked if request == "addPeer"]


def test_a_host_that_was_left_is_taken_away_at_its_moment(told: Told, doors: Doors) -> None:
    node = Node([str(told.server_address)])
    told.up = dict.fromkeys(doors.remotes, False)
    one, other = doors.uris
    for until, asked in (
        (time.time() + 60, {("removePeer", one), ("addPeer", one)}),
        (time.time() - LINGER, {("removePeer", one), ("removePeer", other)}),
    ):
        told.asked.clear()
        alone = Keeper(node, [Edge("edge1-old", "::1", doors.uris, until)])
        alone.look(0.0)
        assert set(told.asked) == asked
    assert alone.pause(0.0) == keeper.LOOK  # nobody waits for it


def test_nobody_is_added_who_is_not_in_the_list_on_disk(
    told: Told, doors: Doors, tmp_path: Path
) -> None:
    """The tree is exchanged first, then peers are taken away: it is not added anew in between."""
    links = tmp_path / "links.json"
    edge = {"id": "edge1", "address": "::1", "peers": doors.uris[:1], "until": None}
    listed = {"admin": [str(told.server_address)], "edges": [edge]}
    links.write_text(json.dumps(listed))
    alone = keeper.read(str(links))
    told.up = {doors.remotes[0]: False}
    alone.look(0.0)
    assert dialled(told) == doors.uris[:1]
    links.rename(tmp_path / "links.old")  # as while trees are exchanged
    alone.look(DIAL)
    (tmp_path / "links.new").write_text(json.dumps({**listed, "edges": []}))
    (tmp_path / "links.new").rename(links)
    alone.look(2 * DIAL)
    assert alone.outdated()
    assert dialled(told) == doors.uris[:1]
    assert not keeper.read(str(links)).outdated()


def test_links_that_are_up_are_left_alone(told: Told, kept: Keeper, doors: Doors) -> None:
    told.up = dict.fromkeys(doors.remotes, True)
    for now in range(100):
        kept.look(float(now))
    assert told.asked == []


def test_a_lost_link_is_dialled_at_once_and_the_other_is_left_alone(
    told: Told, kept: Keeper, doors: Doors
) -> None:
    told.up = dict(zip(doors.remotes, (True, False), strict=True))
    kept.look(0.0)
    other = doors.uris[1]
    assert told.asked == [("removePeer", other), ("addPeer", other)]


def test_each_dial_has_its_time_and_they_take_turns(told: Told, kept: Keeper, doors: Doors) -> None:
    told.up = dict.fromkeys(doors.remotes, False)
    for half in range(int(2 * DIAL * 2)):
        kept.look(half / 2)
    assert dialled(told) == doors.uris * 2


def test_an_edge_that_is_long_away_is_asked_rarely(told: Told, kept: Keeper) -> None:
    kept.look(0.0)
    told.asked.clear()
    for second in range(int(4 * RARELY)):
        kept.look(LONG + second)
    assert len(dialled(told)) <= 9


def test_a_dial_that_the_node_refuses_is_tried_at_the_next_look(
    told: Told, kept: Keeper, doors: Doors
) -> None:
    told.up = dict.fromkeys(doors.remotes, False)
    told.refuses = True
    kept.look(0.0)
    told.refuses = False
    told.asked.clear()
    kept.look(0.5)
    assert len(dialled(told)) == 1


@pytest.mark.parametrize("up", [True, False])
def test_something_is_sent_every_15_seconds_also_while_no_link_is_up(
    told: Told, kept: Keeper, doors: Doors, monkeypatch: pytest.MonkeyPatch, up: bool
) -> None:
    told.up = dict.fromkeys(doors.remotes, up)
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as edge:
        edge.bind(("::1", 0))
        edge.setblocking(False)
        monkeypatch.setattr(keeper, "DISCARD", edge.getsockname()[1])
        for now in range(1, 46):
            kept.look(float(now))
        for _time in range(3):
            assert edge.recv(1) == b""
        with pytest.raises(BlockingIOError):
            edge.recv(1)


def test_a_silent_node_is_told_once(
    doors: Doors, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = Keeper(Node([str(tmp_path / "none.sock")]), [Edge("edge1", "::1", doors.uris)])
    alone.look(0.0)
    alone.look(1.0)
    assert capsys.readouterr().out.count("does not answer") == 1


def test_another_network_is_noticed_and_none_is_no_network() -> None:
    edge = Edge("edge1", "::1", ["tls://127.0.0.1:443?key=ab&sni=peer.e"])
    end = ("127.0.0.1", 443)
    assert edge.moved(end) is None  # the first look
    edge.sources["127.0.0.1"] = "127.0.0.2"
    assert edge.moved(end) == "127.0.0.1"
    assert edge.moved(("no address", 1)) is None


@pytest.mark.parametrize(
    ("text", "status"), [('{"admin": [], "edges": []}', 0), ("{}", 1), ("[", 1)]
)
def test_it_proves_its_list_alone(tmp_path: Path, text: str, status: int) -> None:
    links = tmp_path / "links.json"
    links.write_text(text)
    argv = (sys.executable, "-I", "-S", keeper.__file__, "--check", str(links))
    assert subprocess.run(argv, capture_output=True, check=False).returncode == status
