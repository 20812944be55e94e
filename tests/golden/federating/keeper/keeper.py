"""The link keeper: a lost peering with an edge is dialled again at once, not when a back-off ends.

Yggdrasil 0.5.12 waits longer after each dial that fails, up to a minute and more: a hole of some
seconds in the line becomes an outage of minutes. Taking a peer away and adding it anew starts a
dial at once, and the link is back half a second after the hole; what remains is Yggdrasil's own
search for the way, up to 2 s where the hole was long. Three things are looked at:

- Links that are down: each is dialled for a few seconds, those of one edge in turn. A dial sends
  its first packet anew after 1, 2 and 4 seconds only; so while no link is up the keeper knocks at
  the edge's ports by itself, and where a knock is answered it has all links dialled at once.
- The address by which this machine reaches an edge: where it changes, the links to that edge are
  dead, though TCP will not say so for long.
- Silence. An idle link that was cut off stays "up"; what is sent into it is answered or the link
  ends within seconds (Yggdrasil's own deadline). So now and then something is sent; while no link
  is up, too, or Yggdrasil forgets the edge's keys, and agreeing on new ones takes up to a second.

A host that an edge has left has a moment in the list: from then on it is dialled no more, and taken
away from the node. Nothing is added that is not in the list as it is on disk at that moment.

A program of its own: its text is copied out as it stands and run by `python -I -S`, by an account
that may not read the rest of Greygate. It uses the standard library alone, and little of that:
it stays resident, and `dataclasses` or `typing` would cost a megabyte each.

    keeper.py [--check] LIST

LIST is JSON: {"admin": [PLACE…], "edges": [{id, address, peers, until}…]}
"""

from __future__ import annotations

import errno
import json
import os
import select
import socket
import sys
import time
from contextlib import suppress

LOOK = 0.5  # seconds between two looks; one costs the node a millisecond
WATCH = 0.2  # seconds between two looks while an edge is away
KNOCKS = 10  # that wait for an answer at a time: two seconds' worth
FRESH = 0.5  # seconds; a dial that is not older is left alone
DIAL = 4.0  # seconds that a dial has: TCP, TLS and Yggdrasil's greeting where answers take one
LONG = 600.0  # seconds after which an edge is not expected back at any moment
RARELY = 15.0  # seconds that a dial has then
SILENCE = 15.0  # seconds between two things sent; it also keeps a router's NAT entry alive
PATIENCE = 3.0  # seconds; the node answers in one millisecond
LINGER = 75.0  # seconds for which a barred host stays linked: home's HAProxy ends what idles in 60
DISCARD = 9  # a UDP port; nobody listens, and the edge's firewall drops it


class Link:
    """One URI that the node dials."""

    __slots__ = ("dialled", "known_as", "lost", "uri")

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self.known_as = uri.partition("?")[0]  # as the node tells it; the key is in the rest
        self.lost: float | None = None  # since when it is down
        self.dialled = -RARELY

    @property
    def end(self) -> tuple[str, int]:
        """The edge's public address and port."""
        host, _colon, port = self.known_as.partition("://")[2].rpartition(":")
        return host.strip("[]"), int(port)


class Edge:
    """An edge and the links to it, of which one is enough."""

    __slots__ = ("address", "answered", "dialled", "links", "name", "sent", "sources", "until")

    def __init__(
        self, name: str, address: str, peers: list[str], until: float | None = None
    ) -> None:
        self.name = name
        self.until = until  # when it is left, by the clock on the wall
        self.address = address  # on the overlay
        self.links = [Link(uri) for uri in peers]
        self.sources: dict[str, str] = {}  # our address towards each address of the edge
        self.dialled = -RARELY
        self.answered = -RARELY  # when a knock was, last
        self.sent = 0.0

    def over(self) -> bool:
        """Whether it is one that was left, and its time has passed."""
        return self.until is not None and time.time() >= self.until + LINGER

    def away(self, now: float) -> bool:
        """Whether no link is up, and one may be at any moment."""
        if self.over():
            return False
        lost = [link.lost for link in self.links if link.lost is not None]
        return len(lost) == len(self.links) and now - min(lost, default=now) < LONG

    def due(self, now: float) -> Link | None:
        """The link to dial now: in turn, so that each has its time and one is always fresh."""
        down = [link for link in self.links if link.lost is not None]
        if not down:
            return None
        link = min(down, key=lambda it: it.dialled)
        whole = DIAL if now - (link.lost or 0.0) < LONG else RARELY
        ripe = now - link.dialled >= whole and now - self.dialled >= whole / len(down)
        return link if ripe else None

    def moved(self, end: tuple[str, int]) -> str | None:
        """Our address towards `end`, where it is another than before; having none is no change."""
        source = source_towards(end)
        before = self.sources.get(end[0])
        if source is None or source == before:
            return None
        self.sources[end[0]] = source
        return source if before is not None else None


class Knocks:
    """Connections begun, to see whether anybody answers; nothing is ever sent on them."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[socket.socket] = []

    def begin(self, end: tuple[str, int]) -> None:
        """One more, and the oldest is given up."""
        family = socket.AF_INET6 if ":" in end[0] else socket.AF_INET
        knock = socket.socket(family, socket.SOCK_STREAM)
        knock.setblocking(False)
        knock.connect_ex(end)  # what comes of it is seen later
        self._waiting.append(knock)
        while len(self._waiting) > KNOCKS:
            self._waiting.pop(0).close()

    def answered(self) -> bool:
        """Whether somebody has: by a connection, or by refusing one."""
        _none, ended, _none = select.select((), self._waiting, (), 0)
        came = [it.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) for it in ended]
        for knock in ended:
            self._waiting.remove(knock)
            knock.close()
        return any(it in (0, errno.ECONNREFUSED) for it in came)

    def close(self) -> None:
        while self._waiting:
            self._waiting.pop().close()


class NotTold(Exception):
    """The node did not answer, or refused."""


class Refused(NotTold):
    """The node answered that it will not."""


class Node:
    """The Yggdrasil node, asked over its admin socket: one request, one answer, then closed."""

    def __init__(self, places: list[str | list[str | int]]) -> None:
        self._places = places  # paths of sockets, or [address, port]

    def links(self) -> dict[str, bool]:
        """The peers that it dials, and whether each is up."""
        peers = self._ask("getPeers", {}).get("peers")
        told = [it for it in peers if isinstance(it, dict)] if isinstance(peers, list) else []
        return {
            str(it.get("remote")).partition("?")[0]: bool(it.get("up"))
            for it in told
            if not it.get("inbound")
        }

    def dial(self, uri: str) -> None:
        """Begin anew with a peer; it need not be there."""
        self.leave(uri)  # a node that was restarted does not have it
        self._ask("addPeer", {"uri": uri})

    def leave(self, uri: str) -> None:
        """Have no such peer; a node that has none already is fine."""
        with suppress(Refused):
            self._ask("removePeer", {"uri": uri})

    def _ask(self, request: str, arguments: dict[str, str]) -> dict[str, object]:
        try:
            with self._connected() as channel:
                channel.sendall(json.dumps({"request": request, "arguments": arguments}).encode())
                told = json.loads(_whole(channel))
        except (OSError, ValueError) as error:
            raise NotTold(str(error)) from error
        if not isinstance(told, dict) or told.get("status") != "success":
            raise Refused(str(told.get("error") if isinstance(told, dict) else told))
        response = told.get("response")
        return response if isinstance(response, dict) else {}

    def _connected(self) -> socket.socket:
        problem = OSError("no place to ask at")
        for place in self._places:
            family = socket.AF_UNIX if isinstance(place, str) else socket.AF_INET
            channel = socket.socket(family)
            channel.settimeout(PATIENCE)
            try:
                channel.connect(tuple(place) if isinstance(place, list) else place)
            except OSError as error:
                channel.close()
                problem = error
            else:
                return channel
        raise problem


class Keeper:
    """What is known of the links, and what is done about it."""

    def __init__(
        self,
        node: Node,
        edges: list[Edge],
        path: str | None = None,
        mark: tuple[int, int] | None = None,
    ) -> None:
        self._path = path  # of the list
        self._mark = mark  # which one was read
        self._node = node
        self._edges = edges
        self._knocks = {edge.name: Knocks() for edge in edges}
        self._mute: str | None = None  # why the node does not answer

    def look(self, now: float) -> None:
        """Look once, and do what is due."""
        try:
            up = self._node.links()
            for edge in self._edges:
                if edge.over():
                    self._leave(edge, up)
                    continue
                self._follow(edge, now)
                self._note(edge, up, now)
                self._knock(edge, now)
                self._dial(edge, now)
                self._stir(edge, now)
        except NotTold as silence:
            if self._mute is None:
                say(f"the node does not answer: {silence}")
            self._mute = str(silence)
            return
        if self._mute is not None:
            say("the node answers again")
            self._mute = None

    def outdated(self) -> bool:
        """Whether the list is another than the one that was read."""
        return mark_of(self._path) != self._mark

    def _leave(self, edge: Edge, up: dict[str, bool]) -> None:
        self._knocks[edge.name].close()
        for link in edge.links:
            if link.known_as in up:
                say(f"{edge.name}: its time is over; {link.known_as} is left")
                self._node.leave(link.uri)

    def _begin(self, edge: Edge, link: Link, now: float) -> None:
        link.dialled = edge.dialled = now
        if self.outdated():
            return
        try:
            self._node.dial(link.uri)
        except Refused:  # the dial that was called off is not over yet: at the next look then
            link.dialled = edge.dialled = now - RARELY

    def _follow(self, edge: Edge, now: float) -> None:
        """Where this machine has come to another network, no old link goes on."""
        for host in {link.end[0] for link in edge.links}:
            links = [link for link in edge.links if link.end[0] == host]
            source = edge.moved(links[0].end)
            if source is None:
                continue
            say(f"{edge.name}: this machine is {source} towards {host} now; all dialled anew")
            for link in links:
                link.lost = now if link.lost is None else link.lost
                self._begin(edge, link, now)

    def _note(self, edge: Edge, up: dict[str, bool], now: float) -> None:
        for link in edge.links:
            if not up.get(link.known_as, False):
                if link.lost is None:
                    say(f"{edge.name}: {link.known_as} is down; dialling")
                    link.lost = now
            elif link.lost is not None:
                say(f"{edge.name}: {link.known_as} is up after {now - link.lost:.1f} s")
                link.lost = None

    def pause(self, now: float) -> float:
        """How long until the next look."""
        return WATCH if any(edge.away(now) for edge in self._edges) else LOOK

    def _knock(self, edge: Edge, now: float) -> None:
        knocks = self._knocks[edge.name]
        if not edge.away(now) or now - edge.answered < DIAL:
            knocks.close()
            return
        if knocks.answered():
            edge.answered = now
            for link in edge.links:
                if now - link.dialled >= FRESH:
                    self._begin(edge, link, now)
            return
        turn = int(now / WATCH) % len(edge.links)
        knocks.begin(edge.links[turn].end)

    def _dial(self, edge: Edge, now: float) -> None:
        link = edge.due(now)
        if link is not None:
            self._begin(edge, link, now)

    def _stir(self, edge: Edge, now: float) -> None:
        if now - edge.sent < SILENCE:
            return
        edge.sent = now
        try:
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sending:
                sending.setblocking(False)
                sending.sendto(b"", (edge.address, DISCARD))
        except OSError:
            pass  # the overlay's interface is about to come


def source_towards(end: tuple[str, int]) -> str | None:
    """The address by which this machine reaches `end`; nothing is sent to find out."""
    family = socket.AF_INET6 if ":" in end[0] else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asking:
            asking.connect(end)
            return str(asking.getsockname()[0])
    except OSError:
        return None


def mark_of(path: str | None) -> tuple[int, int] | None:
    """What tells one list from the next; None where there is none at the moment."""
    try:
        seen = os.stat(path) if path is not None else None
    except OSError:
        return None
    return seen and (seen.st_ino, seen.st_mtime_ns)


def read(path: str) -> Keeper:
    """The keeper of the links in that list; ValueError, KeyError, TypeError where it is none."""
    mark = mark_of(path)
    with open(path, encoding="utf-8") as stream:
        told = json.load(stream)
    edges = [Edge(it["id"], it["address"], it["peers"], it["until"]) for it in told["edges"]]
    assert all(link.end for edge in edges for link in edge.links)
    return Keeper(Node(told["admin"]), edges, path, mark)


def say(line: str) -> None:
    """One line to the log, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(argv: list[str]) -> int:
    try:
        keeper = read(argv[-1])
    except (OSError, ValueError, KeyError, TypeError) as problem:
        say(f"cannot read {argv[-1]}: {type(problem).__name__}: {problem}")
        return 1
    if "--check" in argv:
        return 0
    while True:
        if keeper.outdated():
            with suppress(OSError, ValueError, KeyError, TypeError):  # it is being exchanged
                keeper = read(argv[-1])
        keeper.look(now := time.monotonic())
        time.sleep(keeper.pause(now))


def _whole(channel: socket.socket) -> bytes:
    """All until the node closes, as it does after one answer (0.5.12)."""
    parts = []
    while part := channel.recv(65536):
        parts.append(part)
    return b"".join(parts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
