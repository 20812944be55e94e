"""Both halves of an edge's agent, spoken to over real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from greygate.components.edge.agent import AGENT, STANDING
from greygate.edge import agent, orders
from greygate.edge.agent import ACTS, Standing
from greygate.plan import edge_state
from greygate.plan import orders as wire
from greygate.plan.edge import edge_plan
from greygate.plan.orders import Answer, Challenge, Done, Order, Reason, Refused, Verb
from greygate.plan.paths import Paths
from greygate.plan.questions import AskDns, AskTcp, told
from greygate.plan.token import Token, for_order, site_id, written
from greygate.probe import channel
from unit.plan.test_token import HOME, TOKEN

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFY = KEY.public_key().public_bytes_raw().hex()
OURS: Token = replace(TOKEN, verify_key=VERIFY, site=site_id(VERIFY))

Say = Callable[[Challenge], bytes]


@dataclass(frozen=True, slots=True)
class Here:
    """An edge in a directory of its own: what its agent knows, and where root's half listens."""

    paths: Paths
    standing: Standing


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Here]:
    paths = Paths.below(PurePosixPath(tmp_path / "s"), PurePosixPath(tmp_path / "r"))
    Path(paths.joined.parent).mkdir(parents=True)
    Path(paths.joined).write_text(written(OURS))
    Path(paths.runtime).mkdir()
    (file,) = AGENT.files(OURS, edge_plan(OURS, paths))
    rendered = tmp_path / STANDING.name
    rendered.write_text(file.text)
    standing = agent.standing(rendered)
    with _root(standing, paths):
        yield Here(paths, standing)


@contextmanager
def _root(standing: Standing, paths: Paths) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(standing.orders))
        listening.listen()
        threading.Thread(target=_take, args=(listening, paths), daemon=True).start()
        yield


def _take(listening: socket.socket, paths: Paths) -> None:
    while True:
        try:
            connection, _address = listening.accept()
        except OSError:
            return
        with connection:
            try:
                orders.serve(connection, paths)
            except (OSError, ValueError):  # as its main does: the other end learns it by the end
                continue


def spoken(here: Here, verb: Verb, say: Say, *, peer: str = str(HOME)) -> Answer:
    """What is answered to what is said after the challenge."""
    ours, its = socket.socketpair()
    until = time.monotonic() + 20
    with ours, its:
        serving = threading.Thread(target=_served, args=(its, here, peer), daemon=True)
        serving.start()
        channel.write(ours, wire.opening(verb), until=until)
        said = channel.read(ours, largest=wire.LARGEST_ANSWER, until=until)
        channel.write(ours, say(wire.challenged(said)), until=until)
        answer = wire.answered(channel.read(ours, largest=wire.LARGEST_ANSWER, until=until))
        serving.join(20)
    return answer


def _served(its: socket.socket, here: Here, peer: str) -> None:
    with its:
        agent.serve(its, here.standing, peer=peer, acts=ACTS)


def order(it: Challenge, verb: Verb, *, body: bytes = b"", **other: Any) -> Order:
    plain = Order(
        site=it.site, edge=it.edge, nonce=it.nonce, serial=it.serial, verb=verb, body=body
    )
    return replace(plain, **other)


def signed(verb: Verb, *, body: bytes = b"", **other: Any) -> Say:
    return lambda it: wire.signed(order(it, verb, body=body, **other), KEY)


def reason(answer: Answer) -> Reason:
    assert isinstance(answer, Refused), answer
    return answer.reason


def test_an_edge_tells_how_it_is(here: Here) -> None:
    answer = spoken(here, Verb.STATUS, signed(Verb.STATUS))
    assert isinstance(answer, Done)
    state = edge_state.read(answer.told)
    assert (state.serial, state.digest) == (OURS.serial, OURS.digest)
    assert abs(state.at - time.time()) < 60
    assert state.free > 0
    assert [it.port for it in state.ports] == [443, 8448]
    assert len(state.host) == 16
    assert state.takes_orders is True
    Path(here.standing.orders).unlink()  # as systemd does when the socket's unit is stopped
    answer = spoken(here, Verb.STATUS, signed(Verb.STATUS))
    assert isinstance(answer, Done)
    assert edge_state.read(answer.told).takes_orders is False


def test_it_looks_where_it_is_asked_to(here: Here) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        body = json.dumps(told(AskTcp("127.0.0.1", port))).encode()
        seen = spoken(here, Verb.PROBE, signed(Verb.PROBE, body=body))
    assert isinstance(seen, Done)
    assert (seen.told["ok"], seen.told["address"]) == (True, "127.0.0.1")
    closed = spoken(here, Verb.PROBE, signed(Verb.PROBE, body=body))
    assert isinstance(closed, Done)
    assert closed.told == {"ok": False, "why": "Connection refused"}


@pytest.mark.parametrize(
    "body", [b"", b"{}", json.dumps(told(AskDns("x.example", "AXFR"))).encode()]
)
def test_another_question_is_refused(here: Here, body: bytes) -> None:
    refused = spoken(here, Verb.PROBE, signed(Verb.PROBE, body=body))
    assert reason(refused) is Reason.UNREADABLE


@pytest.mark.parametrize("verb", [Verb.STATUS, Verb.APPLY, Verb.LEAVE])
@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"edge": "edge2"}, Reason.FOREIGN_EDGE),
        ({"site": "0" * 16}, Reason.FOREIGN_SITE),
        ({"nonce": "0" * 64}, Reason.REPLAYED),
        ({"serial": 2}, Reason.OLDER),
    ],
)
def test_what_is_meant_for_another_is_refused(
    here: Here, verb: Verb, other: dict[str, Any], why: Reason
) -> None:
    assert reason(spoken(here, verb, signed(verb, **other))) is why


@pytest.mark.parametrize("verb", [Verb.STATUS, Verb.APPLY])
def test_a_recorded_order_is_worthless(here: Here, verb: Verb) -> None:
    recorded: list[bytes] = []

    def say(it: Challenge) -> bytes:
        recorded.append(wire.signed(order(it, verb), KEY))
        return recorded[0]

    spoken(here, verb, say)
    assert reason(spoken(here, verb, lambda _it: recorded[0])) is Reason.REPLAYED


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"v": 1}'])
def test_a_signed_order_that_is_no_plan_changes_nothing(here: Here, body: bytes) -> None:
    before = Path(here.paths.joined).read_text()
    refused = spoken(here, Verb.APPLY, signed(Verb.APPLY, body=body))
    assert reason(refused) is Reason.UNREADABLE
    assert Path(here.paths.joined).read_text() == before


def test_a_plan_has_the_serial_of_its_order_and_is_this_site_s(here: Here) -> None:
    newer = json.dumps(for_order(replace(OURS, serial=9))).encode()
    assert reason(spoken(here, Verb.APPLY, signed(Verb.APPLY, body=newer))) is Reason.UNREADABLE
    foreign = json.dumps(for_order(replace(OURS, verify_key="ef" * 32))).encode()
    assert reason(spoken(here, Verb.APPLY, signed(Verb.APPLY, body=foreign))) is Reason.UNREADABLE


def test_a_plan_with_words_that_no_home_writes_is_refused(here: Here) -> None:
    odd = replace(OURS, serial=4, name="edge.example\n    bind :22")
    body = json.dumps(for_order(odd)).encode()
    refused = spoken(here, Verb.APPLY, signed(Verb.APPLY, body=body, serial=4))
    assert isinstance(refused, Refused)
    assert (refused.reason, "cannot use the token" in refused.what) == (Reason.CANNOT, True)


def test_root_s_half_believes_nobody_who_comes_by_its_own_door(here: Here) -> None:
    """As if the agent's account were somebody else's: it has the socket, and no more."""
    thief = Ed25519PrivateKey.generate()
    for say, why in (
        (signed(Verb.APPLY, nonce="0" * 64), Reason.REPLAYED),
        (lambda it: wire.signed(order(it, Verb.APPLY), thief), Reason.FORGED),
    ):
        assert reason(_at_root_s_door(here, Verb.APPLY, say)) is why
    assert reason(_at_root_s_door(here, Verb.STATUS, None)) is Reason.CANNOT


def _at_root_s_door(here: Here, verb: Verb, say: Say | None) -> Answer:
    until = time.monotonic() + 20
    with socket.socket(socket.AF_UNIX) as root:
        root.connect(str(here.standing.orders))
        channel.write(root, wire.opening(verb), until=until)
        heard = channel.read(root, largest=wire.LARGEST_ANSWER, until=until)
        if say is not None:
            channel.write(root, say(wire.challenged(heard)), until=until)
            heard = channel.read(root, largest=wire.LARGEST_ANSWER, until=until)
        return wire.answered(heard)


def test_whoever_is_not_home_hears_nothing(here: Here) -> None:
    for peer in ("200::1", "::1", "fe80::1%eth0", "192.0.2.1"):
        ours, its = socket.socketpair()
        with ours:
            _served(its, here, peer)
            assert ours.recv(1) == b""


def test_where_root_s_half_is_not_there_it_is_told(here: Here) -> None:
    away = replace(here.standing, orders=here.standing.orders.with_name("nobody.sock"))
    ours, its = socket.socketpair()
    until = time.monotonic() + 5
    with ours:
        channel.write(ours, wire.opening(Verb.APPLY), until=until)
        _served(its, replace(here, standing=away), str(HOME))
        heard = wire.answered(channel.read(ours, largest=wire.LARGEST_ANSWER, until=until))
    assert isinstance(heard, Refused)
    assert (heard.reason, "greygate-orders" in heard.hint) == (Reason.CANNOT, True)


@pytest.mark.parametrize("said", [b"", b"{}", b'{"v": 1, "verb": "dance"}'])
def test_an_opening_that_is_none_is_told(here: Here, said: bytes) -> None:
    ours, its = socket.socketpair()
    until = time.monotonic() + 5
    with ours:
        channel.write(ours, said, until=until)
        _served(its, here, str(HOME))
        heard = wire.answered(channel.read(ours, largest=wire.LARGEST_ANSWER, until=until))
    assert reason(heard) is Reason.UNREADABLE


def test_too_much_is_not_read() -> None:
    ours, its = socket.socketpair()
    with ours, its:
        channel.write(ours, b"x" * 2000, until=time.monotonic() + 1)
        with pytest.raises(channel.Broken, match="2000"):
            channel.read(its, largest=1000, until=time.monotonic() + 1)


def test_nobody_is_waited_for() -> None:
    ours, its = socket.socketpair()
    with ours, its:
        ours.sendall(b"\x00\x00")
        with pytest.raises(TimeoutError):
            channel.read(its, largest=1000, until=time.monotonic() + 0.2)
        ours.close()
        with pytest.raises(channel.Broken, match="closed"):
            channel.read(its, largest=1000, until=time.monotonic() + 0.2)
