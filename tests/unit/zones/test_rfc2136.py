"""Signed updates to a real Knot: what is written, and what is told where it cannot be."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path, PurePosixPath

import pytest

from acme_rig.rig import Rig
from greygate.errors import Trouble
from greygate.plan.changes import Change
from greygate.plan.records import RecordSet
from greygate.probe.dns import Resolver
from greygate.site.model import Challenge, Editor, Zone
from greygate.spec.dns import Absence, Absent, Texts
from greygate.zones.catalogue import challenge_writer, writer_for
from greygate.zones.writer import Writer

pytestmark = pytest.mark.acme

NAME = "twinkle.example"
A, CAA = f"a.{NAME}", '0 issue "ca.example;accounturi=https://ca.example/1"'
TEXT = "x" * 43


@pytest.fixture
def key(rig: Rig, tmp_path: Path) -> Path:
    """The zone's key as keymgr -t prints it."""
    made = rig.keys[NAME]
    file = tmp_path / "tsig"
    file.touch(0o600)
    file.write_text(
        f"# hmac-sha256:{made.name}:{made.secret}\n"
        f"key:\n  - id: {made.name}\n    algorithm: hmac-sha256\n    secret: {made.secret}\n"
    )
    return file


@pytest.fixture
def zone(rig: Rig, key: Path) -> Zone:
    return Zone(
        NAME,
        Editor.RFC2136,
        challenge=Challenge.RFC2136,
        server=rig.knot,
        key_file=PurePosixPath(key),
    )


@pytest.fixture
def writer(rig: Rig, zone: Zone) -> Iterator[Writer]:
    made = writer_for(zone)
    assert made is not None
    yield made
    for kind in ("A", "AAAA", "CNAME", "CAA", "SRV", "TXT"):
        rig.publish(A, kind)


def change(kind: str, *wanted: str, seen: tuple[str, ...] = (), alias: str | None = None) -> Change:
    records = RecordSet(zone=Zone(NAME), name=A, type=kind, values=wanted, why="a test")
    return Change(records, seen, alias)


def test_records_come_change_and_go(rig: Rig, writer: Writer) -> None:
    before = writer.size()
    writer.write([change("A", "192.0.2.1", "192.0.2.2"), change("CAA", CAA)])
    assert rig.seen(A, "A") == ("192.0.2.1", "192.0.2.2")
    assert rig.seen(A, "CAA") == (CAA,)
    assert before is not None and writer.size() == before + 2
    writer.write([change("A", "192.0.2.3", seen=("192.0.2.1", "192.0.2.2"))])
    assert rig.seen(A, "A") == ("192.0.2.3",)
    writer.write([change("A", seen=("192.0.2.3",))])
    assert rig.seen(A, "A") == ()


def test_names_in_records_are_whole(rig: Rig, writer: Writer) -> None:
    writer.write([change("SRV", "10 10 8448 edge.other.example")])
    assert rig.seen(A, "SRV") == ("10 10 8448 edge.other.example.",)


def test_a_delegation_is_told_by_the_zone_above(rig: Rig, writer: Writer) -> None:
    server = Resolver((ip_address(rig.knot), 53))
    writer.write([change("NS", "ns.other.example")])
    assert server.texts(A, "NS") == Texts(("ns.other.example",))
    writer.write([change("NS", seen=("ns.other.example",))])
    assert server.texts(A, "NS") == Absent(Absence.NO_NAME)


def test_an_alias_that_is_in_the_way_goes(rig: Rig, writer: Writer) -> None:
    rig.publish(A, "CNAME", "elsewhere.other.example.")
    writer.write([change("A", "192.0.2.1", alias="elsewhere.other.example")])
    assert rig.seen(A, "CNAME") == ()
    assert rig.seen(A, "A") == ("192.0.2.1",)


def test_who_wrote_meanwhile_is_not_overwritten(rig: Rig, writer: Writer) -> None:
    rig.publish(A, "A", "192.0.2.9")
    for stale in (change("A", "192.0.2.1"), change("A", "192.0.2.1", seen=("192.0.2.8",))):
        with pytest.raises(Trouble, match="RRSET") as told:
            writer.write([change("AAAA", "2001:db8::1"), stale])
        assert "meanwhile" in told.value.hint
    assert rig.seen(A, "A") == ("192.0.2.9",)
    assert rig.seen(A, "AAAA") == ()  # all or nothing


def test_a_cname_is_not_written_beside_something_else(rig: Rig, writer: Writer) -> None:
    """Knot would leave it out and say that all is well (RFC 2136, 3.4.2.2)."""
    rig.publish(A, "TXT", '"left behind"')
    with pytest.raises(Trouble, match="YXDOMAIN") as told:
        writer.write([change("CNAME", "elsewhere.other.example")])
    assert "a CNAME stands alone" in told.value.hint
    rig.publish(A, "TXT")
    writer.write([change("CNAME", "elsewhere.other.example")])
    assert rig.seen(A, "CNAME") == ("elsewhere.other.example.",)


def test_texts_stand_beside_others(rig: Rig, zone: Zone, writer: Writer) -> None:
    rig.publish(A, "TXT", '"other"')
    solver = challenge_writer(zone)
    solver.add_text(A, TEXT)
    assert rig.seen(A, "TXT") == ('"other"', f'"{TEXT}"')
    solver.take_text(A, TEXT)
    solver.take_text(A, TEXT)
    assert rig.seen(A, "TXT") == ('"other"',)


def told(zone: Zone) -> Trouble:
    made = writer_for(zone)
    assert made is not None
    with pytest.raises(Trouble) as trouble:
        made.write([change("A", "192.0.2.1")])
    return trouble.value


def test_another_secret_is_told(zone: Zone, key: Path, rig: Rig) -> None:
    other = b64encode(b"x" * 32).decode()
    key.write_text(key.read_text().replace(rig.keys[NAME].secret, other))
    trouble = told(zone)
    assert "another secret under hmac-sha256:twinkle" in trouble.what
    assert other not in trouble.what + trouble.hint
    made = writer_for(zone)
    assert made is not None and made.size() is None


def test_a_key_that_is_not_known_is_told(zone: Zone, key: Path) -> None:
    key.write_text(f"nobody:{b64encode(b'x' * 32).decode()}")
    trouble = told(zone)  # Knot says NOTAUTH and, before 3.4, that it is the key
    assert "no key hmac-sha256:nobody" in trouble.what + trouble.hint


def test_a_zone_that_the_key_may_not_write_is_told(zone: Zone) -> None:
    trouble = told(replace(zone, name="other.example"))
    assert "cannot write other.example at" in trouble.what


def test_a_zone_that_is_not_there_is_told(zone: Zone) -> None:
    assert "NOTAUTH" in told(replace(zone, name="nowhere.example")).what


def test_a_server_that_is_not_there_is_told(zone: Zone, rig: Rig) -> None:
    trouble = told(replace(zone, server=f"{rig.knot}:5399"))
    assert "refused" in trouble.what
    assert f"{rig.knot}:5399" in trouble.hint


@pytest.mark.parametrize(
    ("mode", "text", "words"),
    [
        (0o644, "a:YQ==", "others may read"),
        (0o600, "YQ==", "neither as tsig-keygen"),
        (0o600, "\N{BROKEN BAR}".encode("latin-1"), "no text"),
    ],
)
def test_a_key_that_cannot_be_used_is_told(
    zone: Zone, key: Path, mode: int, text: str | bytes, words: str
) -> None:
    key.write_bytes(text if isinstance(text, bytes) else text.encode())
    key.chmod(mode)
    with pytest.raises(Trouble, match=words) as trouble:
        writer_for(zone)
    assert str(key) in trouble.value.what


def test_a_key_that_is_missing_is_told(zone: Zone, tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(Trouble, match="cannot read the TSIG key"):
            writer_for(replace(zone, key_file=PurePosixPath(path)))
