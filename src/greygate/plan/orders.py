"""Orders: what home says to an edge over the overlay, each signed, each good for one connection.

Theory of operation. Home opens a connection to the edge's agent, and four frames go by:

    home  opening    which verb will be spoken: who is to hear it follows from that
    edge  challenge  a nonce, made for this connection by whoever will carry the order out
    home  order      signature, header, body; the header names the nonce, the edge, the site, the
                     serial of what home would have the edge be, the verb, and the body's digest
    edge  answer     done, with what was asked for; or refused, with a code and the reason

A frame is four octets, the length of what follows, and that. The nonce makes a recorded order
worthless, the edge's id keeps one edge from handing it to another, and the serial keeps a copy of
home that was restored from an old backup from undoing what the newer one said. What an edge answers
is not signed: an overlay address belongs to one key, and nobody else can speak from it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from greygate.text import _, visible

FORMAT = 1
LARGEST_OPENING = 1_024  # octets, and of a challenge
LARGEST_ORDER = 65_536  # a plan with a hundred names has 4,000
LARGEST_ANSWER = 262_144
LARGEST_NUMBER = (1 << 53) - 1  # as far as JSON counts
LONGEST_WORDS = 128  # letters of what an edge says
NONCE = 32

_CONTEXT = b"greygate order 1\n"  # the site key signs nothing else that begins so
_SIGNATURE = 64


class Verb(Enum):
    """What an edge can be told to do."""

    STATUS = "status"  # tell how it is
    PROBE = "probe"  # ask a question of DNS, TCP or TLS from where it stands
    APPLY = "apply"  # follow a newer plan
    LEAVE = "leave"  # be an ordinary host again

    @property
    def privileged(self) -> bool:
        """Whether root's half of the agent must carry it out."""
        return self in (Verb.APPLY, Verb.LEAVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What an edge says first: who it is, what it follows, and what the order must name."""

    site: str
    edge: str
    serial: int
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order, as home means it."""

    site: str
    edge: str
    nonce: str
    serial: int
    verb: Verb
    body: bytes = b""


class Reason(Enum):
    """Why an order was not followed."""

    UNREADABLE = "unreadable"
    FORGED = "forged"
    FOREIGN_SITE = "foreign-site"
    FOREIGN_EDGE = "foreign-edge"
    REPLAYED = "replayed"
    OLDER = "older"
    CHANGED_VERB = "changed-verb"
    CANNOT = "cannot"  # it was right, and could not be done


@dataclass(frozen=True, slots=True)
class Refused:
    """The edge did not do it."""

    reason: Reason
    what: str
    hint: str = ""
    serial: int = 0  # what the edge follows, where that is the matter


@dataclass(frozen=True, slots=True)
class Done:
    """The edge did it, and this is what it tells."""

    told: Mapping[str, Any]


Answer = Done | Refused


def opening(verb: Verb) -> bytes:
    return json.dumps({"v": FORMAT, "verb": verb.value}).encode()


def opened(content: bytes) -> Verb:
    """The verb that an opening announces; ValueError where it is none of ours."""
    told = _object(content)
    if told.get("v") != FORMAT:
        raise ValueError(f"format {told.get('v')}")
    return Verb(told.get("verb"))


def challenge(said: Challenge) -> bytes:
    return json.dumps({"v": FORMAT, **asdict(said)}).encode()


def challenged(content: bytes) -> Challenge:
    """The challenge in a frame; ValueError where it is none."""
    told = _object(content)
    if told.get("v") != FORMAT:
        raise ValueError(f"format {told.get('v')}")
    return Challenge(
        site=_text(told, "site"),
        edge=_text(told, "edge"),
        serial=_number(told, "serial"),
        nonce=_text(told, "nonce"),
    )


def signed(order: Order, key: Ed25519PrivateKey) -> bytes:
    """The order as a frame's content."""
    header = json.dumps(
        {
            "v": FORMAT,
            "site": order.site,
            "edge": order.edge,
            "nonce": order.nonce,
            "serial": order.serial,
            "verb": order.verb.value,
            "body": hashlib.sha256(order.body).hexdigest(),
        }
    ).encode()
    return key.sign(_CONTEXT + header) + header + b"\n" + order.body


def checked(content: bytes, said: Challenge, *, verb: Verb, verify_key: str) -> Order | Refused:
    """The order in a frame, where it answers the challenge, is home's, and is for this edge."""
    signature, rest = content[:_SIGNATURE], content[_SIGNATURE:]
    header, _line, body = rest.partition(b"\n")
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(verify_key)).verify(
            signature, _CONTEXT + header
        )
    except InvalidSignature:
        return Refused(Reason.FORGED, _("this order was not signed by the site that made the edge"))
    try:
        order, digest = _order(header, body)
    except ValueError as problem:
        return Refused(Reason.UNREADABLE, _("cannot read the order: {why}").format(why=problem))
    if digest != hashlib.sha256(body).hexdigest():
        return Refused(Reason.FORGED, _("the order's body is not the one that was signed"))
    return _contrary(order, said, verb) or order


def answer(given: Answer) -> bytes:
    match given:
        case Done(told):
            return json.dumps({"v": FORMAT, "done": told}).encode()
        case Refused(reason, what, hint, serial):
            why = {"reason": reason.value, "what": what, "hint": hint, "serial": serial}
            return json.dumps({"v": FORMAT, "refused": why}).encode()


def answered(content: bytes) -> Answer:
    """The answer in a frame; ValueError where it is none."""
    told = _object(content)
    if isinstance(told.get("done"), dict):
        return Done(told["done"])
    why = told.get("refused")
    if not isinstance(why, dict):
        raise ValueError("neither done nor refused")
    what, hint = (visible(_text(why, key))[:LONGEST_WORDS] for key in ("what", "hint"))
    return Refused(Reason(why.get("reason")), what, hint, _number(why, "serial"))


# Whoever stole an edge would have us type what he likes: home says neither `what` nor `hint`, but
# these two.
def cause_of(refused: Refused) -> str:
    """Why the edge did not do it, in our own sentence; its words are quoted, and few."""
    match refused.reason:
        case Reason.CANNOT:
            return _('it could not, and says: "{words}"').format(words=refused.what)
        case Reason.OLDER:
            return _("it follows plan {serial}, which is newer").format(serial=refused.serial)
        case Reason.FORGED | Reason.FOREIGN_SITE | Reason.FOREIGN_EDGE:
            return _("it obeys another home, or is another edge")
        case Reason.UNREADABLE | Reason.REPLAYED | Reason.CHANGED_VERB:
            return _("it does not understand this version of greygate")


def cure_of(edge: str, refused: Refused) -> str:
    """What helps, chosen by the reason alone."""
    if refused.reason is Reason.OLDER:
        return "greygate apply"
    deploy = _("greygate edge deploy {edge} root@HOST").format(edge=edge)
    if refused.reason is Reason.CANNOT:
        return _("{deploy}; or see there: journalctl -u 'greygate-orders@*'").format(deploy=deploy)
    return deploy


def _order(header: bytes, body: bytes) -> tuple[Order, str]:
    told = _object(header)
    if told.get("v") != FORMAT:
        raise ValueError(f"format {told.get('v')}")
    order = Order(
        site=_text(told, "site"),
        edge=_text(told, "edge"),
        nonce=_text(told, "nonce"),
        serial=_number(told, "serial"),
        verb=Verb(told.get("verb")),
        body=body,
    )
    return order, _text(told, "body")


def _contrary(order: Order, said: Challenge, verb: Verb) -> Refused | None:
    """What of a genuine order is meant for somebody else, or for another time."""
    if order.site != said.site:
        return Refused(Reason.FOREIGN_SITE, _("the order is of another site"))
    if order.edge != said.edge:
        return Refused(
            Reason.FOREIGN_EDGE,
            _("the order is for {other}, and this is {edge}").format(
                other=order.edge, edge=said.edge
            ),
        )
    if order.nonce != said.nonce:
        return Refused(Reason.REPLAYED, _("the order was given before, or to another challenge"))
    if order.verb is not verb:
        return Refused(Reason.CHANGED_VERB, _("the order is not the one that was announced"))
    if order.serial < said.serial:
        return Refused(
            Reason.OLDER,
            _("the order is older (serial {old}) than what the edge follows ({new})").format(
                old=order.serial, new=said.serial
            ),
            _("greygate apply, at home"),
            said.serial,
        )
    return None


def _object(content: bytes) -> dict[str, Any]:
    try:
        told = json.loads(content)
    except RecursionError as problem:
        raise ValueError("too deep") from problem
    if not isinstance(told, dict):
        raise ValueError("no JSON object")
    return told


def _text(told: Mapping[str, Any], key: str) -> str:
    if not isinstance(told.get(key), str):
        raise ValueError(f"no {key}")
    return str(told[key])


def _number(told: Mapping[str, Any], key: str) -> int:
    if type(told.get(key)) is not int or not 0 <= told[key] <= LARGEST_NUMBER:
        raise ValueError(f"no {key}")
    return int(told[key])
