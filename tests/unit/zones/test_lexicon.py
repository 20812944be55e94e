"""dns-lexicon's PowerDNS provider against a real PowerDNS: records and challenges."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import pytest
from lexicon._private.discovery import find_providers

import power_dns
from greygate.errors import Trouble
from greygate.plan.changes import Change
from greygate.plan.records import RecordSet
from greygate.secret import Secret
from greygate.site.model import Challenge, Editor, Zone
from greygate.site.providers import KNOWN, TOO_HEAVY
from greygate.spec.dns import Absence, Absent, Texts
from greygate.zones import lexicon, lexicon_worker
from greygate.zones.catalogue import challenge_writer, writer_for
from greygate.zones.writer import Writer
from power_dns import TOKEN, PowerDns

NAME = "twinkle.example"
CAA = '0 issue "ca.example;accounturi=https://ca.example/1;validationmethods=dns-01"'
SRV = ("10 10 8448 edge.other.example", "11 10 443 edge.other.example")
OURS = {"auto", "ddns", "localzone"}  # which guess, sign, or write files: not providers to us

Told = tuple[str, ...] | Absence


@pytest.fixture(scope="module")
def server() -> Iterator[PowerDns]:
    with power_dns.running(NAME) as made:
        yield made


@pytest.fixture
def zone(server: PowerDns, tmp_path: Path) -> Zone:
    file = tmp_path / "credentials"
    file.touch(0o600)
    file.write_text(f'pdns_server = "{server.url}"\nauth_token = "{TOKEN}"\n')
    return Zone(
        NAME,
        Editor.LEXICON,
        challenge=Challenge.LEXICON,
        provider="powerdns",
        credentials=PurePosixPath(file),
    )


def writer(zone: Zone) -> Writer:
    made = writer_for(zone)
    assert made is not None
    return made


def change(
    kind: str,
    *wanted: str,
    name: str = NAME,
    seen: tuple[str, ...] = (),
    alias: str | None = None,
) -> Change:
    return Change(
        RecordSet(zone=Zone(NAME), name=name, type=kind, values=wanted, why="a test"), seen, alias
    )


def seen(server: PowerDns, kind: str, name: str = NAME) -> Told:
    match server.resolver.texts(name, kind):
        case Texts(values=values):
            return values
        case Absent(how):
            return how
        case other:
            raise AssertionError(other)


@pytest.mark.acme
def test_records_come_change_and_go(server: PowerDns, zone: Zone) -> None:
    srv = f"_matrix._tcp.{NAME}"
    made = writer(zone)
    before = made.size()
    made.write(
        [
            change("A", "192.0.2.1", "192.0.2.2"),
            change("SRV", *SRV, name=srv),
            change("CAA", CAA),
            change("CNAME", f"x.{NAME}", name=f"_acme-challenge.{NAME}"),
            change("NS", "edge.other.example", name=f"acme.{NAME}"),
        ]
    )
    assert before is not None and made.size() == before + 5
    assert seen(server, "A") == ("192.0.2.1", "192.0.2.2")
    assert seen(server, "CAA") == (CAA,)
    assert seen(server, "SRV", srv) == SRV
    made.write(
        [
            change("A", "192.0.2.2", "192.0.2.3", seen=("192.0.2.1", "192.0.2.2")),
            change("SRV", "10 10 8448 edge.other.example", name=srv, seen=("x",)),
            change("CAA", seen=(CAA,)),
            change("CNAME", f"y.{NAME}", name=f"_acme-challenge.{NAME}", seen=("x",)),
        ]
    )
    assert seen(server, "A") == ("192.0.2.2", "192.0.2.3")
    assert seen(server, "SRV", srv) == ("10 10 8448 edge.other.example",)
    assert seen(server, "CAA") == Absence.NO_RECORD
    assert seen(server, "CNAME", f"_acme-challenge.{NAME}") == (f"y.{NAME}",)


# lexicon 3.25 makes y.example.twinkle.example of an alias to y.example at PowerDNS: `dns apply`
# tells that it is not seen.
@pytest.mark.acme
def test_an_alias_that_is_in_the_way_goes(server: PowerDns, zone: Zone) -> None:
    name = f"m.{NAME}"
    writer(zone).write([change("CNAME", f"old.{NAME}", name=name)])
    writer(zone).write([change("AAAA", "200::1", name=name, alias=f"old.{NAME}")])
    assert seen(server, "AAAA", name) == ("200::1",)


@pytest.mark.acme
def test_texts_stand_beside_others(server: PowerDns, zone: Zone) -> None:
    name, one, other = f"_acme-challenge.m.{NAME}", "a" * 43, "b" * 43
    solver = challenge_writer(zone)
    solver.add_text(name, one)
    solver.add_text(name, other)
    assert seen(server, "TXT", name) == (f'"{one}"', f'"{other}"')
    solver.take_text(name, one)
    solver.take_text(name, one)
    assert seen(server, "TXT", name) == (f'"{other}"',)


@pytest.mark.acme
def test_wrong_credentials_are_told_and_not_shown(zone: Zone) -> None:
    assert zone.credentials is not None
    file = Path(zone.credentials)
    file.write_text(file.read_text().replace(TOKEN, "another secret"))
    with pytest.raises(Trouble, match="401") as told:
        writer(zone).write([change("A", "192.0.2.1")])
    assert "auth_token" in told.value.hint
    assert "another secret" not in told.value.what
    assert writer(zone).size() is None


@pytest.mark.acme
def test_what_was_done_before_it_failed_is_told(server: PowerDns, zone: Zone) -> None:
    with pytest.raises(Trouble, match=r"\(1 of 2 done\)") as told:
        writer(zone).write([change("A", "192.0.2.7"), change("AAAA", "no address")])
    assert "run it again" in told.value.hint
    assert seen(server, "A") == ("192.0.2.7",)


def test_a_provider_that_says_nothing_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        credentials = {
            "pdns_server": Secret(f"http://127.0.0.1:{silent.getsockname()[1]}"),
            "auth_token": Secret(TOKEN),
        }
        made = lexicon.Provider(NAME, "powerdns", credentials, within=2.0)
        with pytest.raises(Trouble, match="no answer"):
            made.write([change("A", "192.0.2.1")])


def test_the_providers_are_those_that_lexicon_has() -> None:
    found = find_providers()
    assert {name for name, usable in found.items() if usable} - OURS == set(KNOWN)
    assert {name for name, usable in found.items() if not usable} - OURS == set(TOO_HEAVY)


@pytest.mark.parametrize("provider", KNOWN)
def test_every_provider_can_be_loaded_and_says_what_it_wants(provider: str) -> None:
    assert lexicon_worker.options_of(provider)


@pytest.mark.parametrize(
    ("kind", "content", "plain"),
    [
        ("TXT", '"abc"', "abc"),
        ("TXT", "abc", "abc"),
        ("AAAA", "2001:DB8:0::1", "2001:db8::1"),
        ("CNAME", "Edge.example.", "edge.example"),
        ("SRV", "10  10 8448 Edge.example.", "10 10 8448 edge.example"),
        ("CAA", '0 issue "a.example"', '0 issue "a.example"'),
        ("SRV", "10 8448 Edge.example.", None),  # priority in a field of its own
    ],
)
def test_values_are_compared_however_they_are_spelled(
    kind: str, content: str, plain: str | None
) -> None:
    assert lexicon_worker.plain(kind, content) == plain


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        (NAME, ("", "@", NAME, f"{NAME}.", NAME.upper(), f"@.{NAME}", f".{NAME}")),
        (f"m.{NAME}", ("m", "m.", "M", f"m.{NAME}", f"M.{NAME}.")),
        (f"_a.m.{NAME}", ("_a.m", f"_a.m.{NAME}")),
    ],
)
def test_a_record_is_found_however_its_name_and_type_are_spelled(
    name: str, spellings: tuple[str, ...]
) -> None:
    for spelling in spellings:
        shelf = Shelf(spelling)
        for value in ("192.0.2.1", "192.0.2.2"):
            act = {"do": "set", "name": name, "type": "A", "values": [value]}
            lexicon_worker.obey(shelf, act)  # type: ignore[arg-type]
        assert [it["content"] for it in shelf.rows] == ["192.0.2.2"]


@dataclass
class Shelf:
    """What lexicon's providers can do, for one name that is listed in one spelling."""

    spelling: str
    domain: str = NAME
    rows: list[dict[str, str]] = field(default_factory=list)

    def list_records(self, *_filters: str) -> list[dict[str, str]]:
        return list(self.rows)

    def create_record(self, kind: str, _name: str, content: str) -> bool:
        row = {"id": content, "name": self.spelling, "type": kind.lower(), "content": content}
        self.rows.append(row)
        return True

    def delete_record(self, identifier: str | None, *_filters: str) -> bool:
        self.rows = [it for it in self.rows if it["id"] != identifier]
        return True


def test_credentials_are_blotted_out() -> None:
    text = "GET https://a.example/?key=geheimnis&user=me: 403"
    assert lexicon_worker.blotted(text, ["me", "geheimnis"]) == text.replace("geheimnis", "***")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("auth_token = geheim\n", "line"),
        ("", "names with values"),
        ('[powerdns]\nauth_token = "geheim"\n', "names with values"),
    ],
)
def test_credentials_that_cannot_be_used_are_told(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "credentials"
    file.touch(0o600)
    file.write_text(text)
    zone = Zone(NAME, Editor.LEXICON, provider="ovh", credentials=PurePosixPath(file))
    with pytest.raises(Trouble, match=words) as told:
        writer_for(zone)
    assert "geheim" not in told.value.what + told.value.hint
