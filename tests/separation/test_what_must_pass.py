"""What federation must have gets through bit by bit: signatures over the raw target verify."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from lab.federation import NAME, Sealed
from separation.places import FROM_CLEARNET, FROM_OVERLAY, Place
from separation.shots import Door, Expected, Shot, h2_fields, marked, next_mark, request
from separation.signing import Signer
from separation.table import VALUES, open_rows

pytestmark = pytest.mark.lab

REMOTE = "remote.example"
TRANSACTION = {"origin": REMOTE, "origin_server_ts": 1732500000000, "pdus": [], "edus": []}
NOT_VERIFIED = "M_UNAUTHORIZED"
DOORS = (
    ("outsider", "edge", ("http/1.1",)),
    ("outsider", "edge, the other family", ("h2",)),
    ("edge", "ingress", ("http/1.1",)),
    ("friend", "overlay", ("http/1.1",)),
    ("friend", "overlay", ("h2",)),
)


@pytest.fixture(scope="module")
def signer(sealed: Sealed) -> Signer:
    """The remote homeserver's own key; home asks that server for the other half."""
    return Signer.of(REMOTE, sealed.lab.places.root("remote") / "etc/matrix-synapse/signing.key")


@pytest.fixture(scope="module")
def there(outsider: Place, edge: Place, friend: Place) -> Mapping[str, Place]:
    return {it.name: it for it in (outsider, edge, friend)}


@pytest.mark.parametrize(("name", "door", "alpn"), DOORS)
def test_every_open_endpoint_with_every_sort_of_identifier(
    there: Mapping[str, Place], signer: Signer, name: str, door: str, alpn: tuple[str, ...]
) -> None:
    place = there[name]
    shots = [*_signed(place.doors[door].over(*alpn), signer)]
    faults, answers = place.judged_with_answers(
        shots, FROM_OVERLAY if door == "overlay" else FROM_CLEARNET
    )
    assert faults == []
    refused = [
        (shot.name, answers[shot.mark])
        for shot in shots
        if answers[shot.mark].end != "answered" or NOT_VERIFIED in answers[shot.mark].body
    ]
    assert refused == []


def test_a_signature_over_another_target_does_not_verify(outsider: Place, signer: Signer) -> None:
    """So that the test above could fail: one octet is enough, and `%2F` is not `%2f`."""
    door = outsider.doors["edge"]
    shot = _one(door, "GET", "/_matrix/federation/v1/event/%24a%2Fb", signer, said="%24a%2fb")
    _faults, answers = outsider.judged_with_answers([shot], FROM_CLEARNET)
    assert (answers[shot.mark].status, NOT_VERIFIED in answers[shot.mark].body) == (401, True)


def _signed(door: Door, signer: Signer) -> Iterator[Shot]:
    for values in VALUES:
        for endpoint, path in open_rows(values):
            yield _one(door, endpoint.method, path, signer, signed=endpoint.signed)


def _one(
    door: Door, method: str, path: str, signer: Signer, *, said: str = "", signed: bool = True
) -> Shot:
    mark = next_mark()
    target = marked(path, mark)
    content = TRANSACTION if "/send/" in path else {}
    body = json.dumps(content).encode() if method in ("PUT", "POST") else b""
    over = path.rpartition("/")[0] + f"/{said}" if said else path
    header = signer.header(method, marked(over, mark), NAME, content if body else None)
    extra = (header,) if signed else ()
    shot = Shot(
        mark=mark,
        kind="must",
        name=f"{method} {path}",
        door=door,
        octets=request(door, method, target, *extra, mark=mark, body=body),
        method=method,
        target=target,
        expected=Expected.ONCE,
        kept=True,
    )
    if door.alpn != ("h2",):
        return shot
    fields = h2_fields(door, method, target, mark=mark)
    if extra:
        fields[b"authorization"] = header.partition(b": ")[2]
    return replace(shot, octets=body, fields=tuple(fields.items()))
