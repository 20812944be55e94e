"""Orders: what is home's, for this edge and for now is obeyed, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from greygate.plan import orders
from greygate.plan.orders import Answer, Challenge, Done, Order, Reason, Refused, Verb

HOME = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
VERIFY = HOME.public_key().public_bytes_raw().hex()
THIEF = Ed25519PrivateKey.from_private_bytes(bytes(32))
SAID = Challenge(site="5173" * 4, edge="edge1", serial=4, nonce="a" * 64)
ORDER = Order(
    site=SAID.site, edge="edge1", nonce=SAID.nonce, serial=4, verb=Verb.APPLY, body=b'{"v": 1}'
)


def checked(content: bytes, said: Challenge = SAID, verb: Verb = Verb.APPLY) -> Order | Refused:
    return orders.checked(content, said, verb=verb, verify_key=VERIFY)


def refusal(content: bytes, said: Challenge = SAID, verb: Verb = Verb.APPLY) -> Reason:
    found = checked(content, said, verb)
    assert isinstance(found, Refused)
    assert found.what
    return found.reason


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize("serial", [4, 5])
def test_what_home_says_now_is_obeyed(verb: Verb, serial: int) -> None:
    order = replace(ORDER, verb=verb, serial=serial)
    assert checked(orders.signed(order, HOME), verb=verb) == order


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (replace(ORDER, site="other"), Reason.FOREIGN_SITE),
        (replace(ORDER, edge="edge2"), Reason.FOREIGN_EDGE),
        (replace(ORDER, nonce="b" * 64), Reason.REPLAYED),
        (replace(ORDER, verb=Verb.LEAVE), Reason.CHANGED_VERB),
        (replace(ORDER, serial=3), Reason.OLDER),
    ],
)
def test_what_home_said_to_another_or_before_is_refused(order: Order, reason: Reason) -> None:
    assert refusal(orders.signed(order, HOME)) is reason


def test_an_older_order_is_told_what_the_edge_follows() -> None:
    found = checked(orders.signed(replace(ORDER, serial=3), HOME))
    assert isinstance(found, Refused)
    assert found.serial == 4
    assert found.hint


def test_another_s_signature_is_refused_whatever_it_signs() -> None:
    assert refusal(orders.signed(ORDER, THIEF)) is Reason.FORGED
    assert refusal(orders.signed(ORDER, THIEF)[64:]) is Reason.FORGED
    assert refusal(b"") is Reason.FORGED


def test_another_body_under_the_same_signature_is_refused() -> None:
    assert refusal(orders.signed(ORDER, HOME) + b" ") is Reason.FORGED


@pytest.mark.parametrize(
    "header",
    [b"", b"[]", b"{}", b'{"v": 2}', b"[" * 20_000, json.dumps({"v": 1, "verb": "dance"}).encode()],
)
def test_what_home_would_never_sign_is_unreadable(header: bytes) -> None:
    content = HOME.sign(b"greygate order 1\n" + header) + header + b"\n"
    assert refusal(content) is Reason.UNREADABLE


def test_a_header_without_a_number_is_unreadable() -> None:
    told = {"v": 1, "site": "s", "edge": "e", "nonce": "n", "serial": True, "verb": "status"}
    header = json.dumps({**told, "body": ""}).encode()
    content = HOME.sign(b"greygate order 1\n" + header) + header + b"\n"
    assert refusal(content) is Reason.UNREADABLE


@given(st.binary(max_size=2000))
def test_nothing_unsigned_is_ever_obeyed(content: bytes) -> None:
    assert refusal(content) is Reason.FORGED


@given(st.data())
def test_one_changed_octet_is_enough(data: st.DataObject) -> None:
    content = bytearray(orders.signed(ORDER, HOME))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    assert refusal(bytes(content)) is Reason.FORGED


@given(
    st.builds(
        Order,
        site=st.text(),
        edge=st.text(),
        nonce=st.text(),
        serial=st.integers(0, 2**40),
        verb=st.sampled_from(Verb),
        body=st.binary(max_size=300),
    )
)
def test_what_is_signed_is_read_as_it_was(order: Order) -> None:
    said = Challenge(site=order.site, edge=order.edge, serial=order.serial, nonce=order.nonce)
    assert checked(orders.signed(order, HOME), said, order.verb) == order


@pytest.mark.parametrize("verb", Verb)
def test_an_opening_announces_the_verb(verb: Verb) -> None:
    assert orders.opened(orders.opening(verb)) is verb
    assert verb.privileged == (verb in (Verb.APPLY, Verb.LEAVE))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Expecting value"),
        (b"\xff", "can't decode byte 0xff"),
        (b"[]", "no JSON object"),
        (b'{"v": 2}', "format 2"),
        (b'{"v": 1, "verb": "x"}', "'x' is not a valid Verb"),
    ],
)
def test_another_opening_is_none(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        orders.opened(content)


def test_a_challenge_is_read_as_it_was() -> None:
    assert orders.challenged(orders.challenge(SAID)) == SAID


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{}", "format None"),
        (b'{"v": 1}', "no site"),
        (b"1", "no JSON object"),
        (b'{"v": 1, "site": "s", "edge": "e", "serial": -1, "nonce": "n"}', "no serial"),
    ],
)
def test_another_challenge_is_none(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        orders.challenged(content)


@pytest.mark.parametrize(
    "answer",
    [Done({}), Done({"changed": ["a"]}), *(Refused(it, "why", "next", 7) for it in Reason)],
)
def test_an_answer_is_read_as_it_was(answer: Answer) -> None:
    assert orders.answered(orders.answer(answer)) == answer


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "Expecting value"),
        (b"{}", "neither done nor refused"),
        (b'{"refused": 1}', "neither done nor refused"),
        (b'{"refused": {"reason": "x"}}', "no what"),
        (
            b'{"refused": {"reason": "x", "what": "w", "hint": "h", "serial": 1}}',
            "'x' is not a valid Reason",
        ),
    ],
)
def test_another_answer_is_none(content: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        orders.answered(content)


def test_the_largest_order_has_room_for_a_hundred_names() -> None:
    body = json.dumps({"names": ["x" * 253] * 100}).encode()
    assert len(orders.signed(replace(ORDER, body=body), HOME)) < orders.LARGEST_ORDER
