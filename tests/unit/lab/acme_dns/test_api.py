"""The API of the acme-dns stand-in, as the real one has it (auth.go, api.go, validation.go)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from greygate.lab.acme_dns.api import FORBIDDEN, Answer, Api
from greygate.lab.acme_dns.ledger import Ledger

TEXT = "Ab-_" * 10 + "xyz"
HERE = ("192.0.2.1",)


@pytest.fixture
def api(tmp_path: Path) -> Api:
    return Api(ledger=Ledger(str(tmp_path / "acme-dns.db")), domain="auth.example")


def register(api: Api, body: bytes = b"") -> dict[str, str]:
    status, said = api.register(body)
    assert status == 201, said
    return {key: str(value) for key, value in said.items()}


def update(
    api: Api, who: dict[str, str], text: object = TEXT, *, clients: tuple[str, ...] = HERE
) -> Answer:
    body = json.dumps({"subdomain": who["subdomain"], "txt": text}).encode()
    return api.update(who["username"], who["password"], clients, body)


def test_a_registration_tells_all_that_a_client_must_keep(api: Api) -> None:
    status, said = api.register(b'{"allowfrom": ["192.0.2.0/24", "[2001:db8::]/64"]}')
    assert status == 201
    assert list(said) == ["username", "password", "fulldomain", "subdomain", "allowfrom"]
    assert said["fulldomain"] == f"{said['subdomain']}.auth.example"
    assert len(str(said["password"])) == 40
    assert said["allowfrom"] == ["192.0.2.0/24", "2001:db8::/64"]


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b'{"allowfrom": []}', b'{"other": 1}'])
def test_a_registration_may_ask_for_nothing(api: Api, body: bytes) -> None:
    assert api.register(body)[1]["allowfrom"] == []


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", "malformed_json_payload"),
        (b"[]", "malformed_json_payload"),
        (b'{"allowfrom": "192.0.2.0/24"}', "malformed_json_payload"),
        (b'{"allowfrom": [4]}', "malformed_json_payload"),
        (b'{"allowfrom": ["192.0.2.1"]}', "invalid_allowfrom_cidr"),
        (b'{"allowfrom": ["192.0.2.0/255.255.255.0"]}', "invalid_allowfrom_cidr"),
        (b'{"allowfrom": ["192.0.2.0/33"]}', "invalid_allowfrom_cidr"),
    ],
)
def test_what_a_registration_is_refused_for(api: Api, body: bytes, error: str) -> None:
    assert api.register(body) == (400, {"error": error})


def test_an_update_sets_a_text(api: Api) -> None:
    who = register(api)
    assert update(api, who) == (200, {"txt": TEXT})
    assert api.ledger.texts(who["subdomain"]) == (TEXT,)


@pytest.mark.parametrize("text", ["", TEXT[1:], f"{TEXT}x", "*" * 43, None, 5])
def test_a_text_has_43_letters_of_base64url(api: Api, text: object) -> None:
    assert update(api, register(api), text) == (400, {"error": "bad_txt"})


def test_whoever_is_not_who_may_hears_one_word(api: Api) -> None:
    who, other = register(api), register(api)
    for wrong in (
        {"username": "anna"},
        {"username": other["username"]},
        {"password": other["password"]},
        {"password": "short"},
        {"subdomain": other["subdomain"]},
        {"subdomain": ""},
    ):
        assert update(api, {**who, **wrong}) == FORBIDDEN, wrong
    assert api.update(who["username"], who["password"], HERE, b"no JSON") == FORBIDDEN


@pytest.mark.parametrize(
    ("clients", "may"),
    [
        (("192.0.2.77",), True),
        (("::ffff:192.0.2.77",), True),
        (("198.51.100.1",), False),
        (("2001:db8::1",), False),
        (("198.51.100.1", "192.0.2.77"), True),  # any of a proxy's list
        ((), False),
        (("nonsense",), False),
    ],
)
def test_updates_come_from_the_networks_that_were_named(
    api: Api, clients: tuple[str, ...], may: bool
) -> None:
    who = register(api, b'{"allowfrom": ["192.0.2.0/24"]}')
    assert update(api, who, clients=clients)[0] == (200 if may else 401)


def test_two_texts_stay_and_the_older_goes(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    who = register(api)
    now = iter((10.0, 11.0, 12.0))
    monkeypatch.setattr("greygate.lab.acme_dns.ledger.time.time", lambda: next(now))
    for letter in "abc":
        update(api, who, letter * 43)
    assert sorted(api.ledger.texts(who["subdomain"])) == ["b" * 43, "c" * 43]


def test_what_was_registered_outlives_the_program(tmp_path: Path) -> None:
    place = str(tmp_path / "acme-dns.db")
    who = register(Api(ledger=Ledger(place), domain="auth.example"))
    assert update(Api(ledger=Ledger(place), domain="auth.example"), who)[0] == 200
