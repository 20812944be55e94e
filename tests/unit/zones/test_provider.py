"""dns-lexicon against a provider that spells, refuses and lists in its own way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

import some_provider
from greygate.errors import Trouble
from greygate.plan.changes import Change
from greygate.plan.records import TTL, RecordSet
from greygate.site.model import Challenge, Editor, Zone
from greygate.zones.catalogue import challenge_writer, writer_for
from greygate.zones.writer import Writer
from some_provider import TOKEN, Provider

NAME = "twinkle.example"
CHALLENGE = f"_acme-challenge.{NAME}"
CAA = '0 issue "ca.example;accounturi=https://ca.example/1"'


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[Provider]:
    with some_provider.running(Provider(NAME), tmp_path) as made:
        yield made


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    file = tmp_path / "credentials"
    file.touch(0o600)
    file.write_text(f'auth_token = "{TOKEN}"\n')
    way = Challenge.LEXICON
    return Zone(
        NAME,
        Editor.LEXICON,
        challenge=way,
        provider="digitalocean",
        credentials=PurePosixPath(file),
    )


def writer(zone: Zone) -> Writer:
    made = writer_for(zone)
    assert made is not None
    return made


def change(kind: str, *wanted: str, name: str = NAME, seen: tuple[str, ...] = ()) -> Change:
    records = RecordSet(zone=Zone(NAME), name=name, type=kind, values=wanted, why="a test")
    return Change(records, seen)


def test_the_zones_own_name_is_found_however_it_is_spelled(provider: Provider, zone: Zone) -> None:
    made = writer(zone)
    made.write([change("A", "192.0.2.1"), change("AAAA", "2001:db8::1"), change("CAA", CAA)])
    made.write([change("A", "192.0.2.2"), change("CAA", CAA)])
    assert (provider.of("A"), provider.of("CAA")) == (["192.0.2.2"], [CAA])
    made.write([change("A"), change("AAAA"), change("CAA")])
    assert provider.rows == []


def test_what_was_taken_and_not_done_is_told(provider: Provider, zone: Zone) -> None:
    provider.deaf = True
    with pytest.raises(Trouble, match="lists: nothing") as told:
        writer(zone).write([change("A", "192.0.2.1")])
    assert "credentials" not in told.value.hint
    provider.deaf = False
    writer(zone).write([change("A", "192.0.2.1")])
    provider.deaf = True
    with pytest.raises(Trouble, match=r"lists: 192\.0\.2\.1"):
        writer(zone).write([change("A")])
    with pytest.raises(Trouble, match="lists"):
        challenge_writer(zone).add_text(CHALLENGE, "x" * 43)


def test_what_a_provider_cannot_take_is_told_before_anything_is_written(
    provider: Provider, zone: Zone
) -> None:
    service = change("SRV", "10 10 8448 edge.other.example", name=f"_matrix._tcp.{NAME}")
    with pytest.raises(Trouble, match="takes no SRV") as told:
        writer(zone).write([change("A", "192.0.2.1"), service])
    assert "by hand" in told.value.hint
    assert provider.asked == []


def test_credentials_are_spoken_of_where_they_are_refused(provider: Provider, zone: Zone) -> None:
    assert zone.credentials is not None
    Path(zone.credentials).write_text('auth_token = "another secret"\n')
    with pytest.raises(Trouble, match="401") as told:
        writer(zone).write([change("A", "192.0.2.1")])
    assert "see the credentials" in told.value.hint
    Path(zone.credentials).write_text(f'auth_token = "{TOKEN}"\n')
    provider.zone = "other.example"
    with pytest.raises(Trouble, match="404") as told:
        writer(zone).write([change("A", "192.0.2.1")])
    assert told.value.hint == "is twinkle.example in that account at digitalocean, by this name?"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "is twinkle.example in that account"),  # as Cloudflare refuses a malformed token
        (403, "see the credentials"),
        (409, "is twinkle.example in that account"),
        (422, "is twinkle.example in that account"),
        (429, "too many requests"),
        (503, "trouble of its own"),
    ],
)
def test_who_is_not_let_in_is_not_sent_to_the_record(
    provider: Provider, zone: Zone, status: int, words: str
) -> None:
    provider.bars = status, {"message": "no"}
    with pytest.raises(Trouble, match=str(status)) as told:
        writer(zone).write([change("A", "192.0.2.1")])
    assert words in told.value.hint


def test_a_page_in_place_of_an_answer_is_no_silence(provider: Provider, zone: Zone) -> None:
    provider.page = b"<html>We will be back soon</html>"
    with pytest.raises(Trouble) as told:
        writer(zone).write([change("A", "192.0.2.1")])
    assert told.value.hint == "digitalocean has trouble of its own: run it again later"


def test_a_challenge_goes_with_the_ttl_that_the_provider_takes(
    provider: Provider, zone: Zone
) -> None:
    provider.least_ttl = 1800
    solver = challenge_writer(zone)
    solver.add_text(CHALLENGE, "x" * 43)
    assert [it["ttl"] for it in provider.rows] == [TTL]
    solver.take_text(CHALLENGE, "x" * 43)
    assert provider.rows == []
    provider.least_ttl = 86_400
    with pytest.raises(Trouble, match="Ttl must be") as told:
        solver.add_text(CHALLENGE, "x" * 43)
    assert f"a TTL of 60 and {TTL} s" in told.value.hint
    with pytest.raises(Trouble) as told:
        writer(zone).write([change("A", "192.0.2.1")])
    assert "TTL" in told.value.hint


def test_a_name_that_credentials_do_not_have_is_told(provider: Provider, zone: Zone) -> None:
    assert zone.credentials is not None
    Path(zone.credentials).write_text('token = "x"\n')
    with pytest.raises(Trouble) as told:
        writer(zone).write([change("A", "192.0.2.1")])
    assert "auth_token" in told.value.hint
