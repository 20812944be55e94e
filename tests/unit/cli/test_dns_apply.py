"""`greygate dns apply` against a real Knot: shown, agreed to, written and seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dns.zone
import pytest

from acme_rig.rig import Rig
from conftest import Golden
from greygate.spec.dns import bare
from unit.cli.conftest import Run

pytestmark = pytest.mark.acme

SITE = """server_name = "twinkle.example"
accepted_doubts = ["doubt.not-public"]
[[edge]]
id = "edge1"
name = "edge.other.example"
addresses = ["192.0.2.10"]
[[zone]]
name = "twinkle.example"
dns = "rfc2136"
server = "{server}"
key_file = "{key}"
[certificates]
source = "files"
chain = "/srv/chain.pem"
key = "/srv/key.pem"
"""
KINDS = ("A", "AAAA", "CNAME", "SRV", "CAA")
NAMES = (
    *("twinkle.example", "m.twinkle.example", "edge.other.example"),
    *("_matrix._tcp.twinkle.example", "_matrix-fed._tcp.twinkle.example"),
)
EDGE = "10 10 8448 edge.other.example."
EDGE_443 = "11 10 443 edge.other.example."


@pytest.fixture
def words(rig: Rig, tmp_path: Path) -> Iterator[tuple[str | Path, ...]]:
    """The command for a site whose one zone is written by signed updates, the other by hand."""
    key, site = tmp_path / "tsig", tmp_path / "site.toml"
    made = rig.keys["twinkle.example"]
    key.touch(0o600)
    key.write_text(f"{made.name}:{made.secret}\n")
    site.write_text(SITE.format(server=rig.knot, key=key))
    with TemporaryDirectory(prefix="gg-apply-") as state:
        Path(state).chmod(0o755)  # services would start there
        yield ("dns", "apply", "--site", site, "--state", state, "--resolver", rig.resolver)
    for name in NAMES:
        for kind in KINDS:
            rig.publish(name, kind)


def zones(out: str) -> dict[str, Any]:
    return {it["zone"]: it for it in json.loads(out)["zones"]}


def test_it_is_shown_agreed_to_written_and_seen(run: Run, rig: Rig, words: tuple[str, ...]) -> None:
    shown = run(*words, "--json")
    assert shown.code == 1, shown.err
    seen = zones(shown.out)
    assert seen["twinkle.example"]["result"] == "to_do"
    assert {it["do"] for it in seen["twinkle.example"]["changes"]} == {"create"}
    assert seen["other.example"]["result"] == "by_hand"
    assert rig.seen("_matrix._tcp.twinkle.example", "SRV") == ()

    done = run(*words, "--yes", json.loads(shown.out)["digest"])
    assert done.code == 1  # the zone that is written by hand is not as planned yet
    assert "written        twinkle.example" in done.out
    assert "edge" in done.err.partition("publish:")[2]
    for service in ("_matrix-fed", "_matrix"):
        assert rig.seen(f"{service}._tcp.twinkle.example", "SRV") == (EDGE, EDGE_443)
    assert len(rig.seen("m.twinkle.example", "AAAA")) == 1

    rig.publish("edge.other.example", "A", "192.0.2.10")
    again = run(*words)
    assert (again.code, "digest" in again.err) == (0, False)
    assert again.out.split() == ["right", "twinkle.example", "right", "other.example"]
    checked = run("dns", "check", *words[2:])
    assert checked.code == 0, checked.out
    assert f"twinkle.example: not signed  ({rig.resolver})" in checked.out
    assert "ns.example" in checked.out


def test_a_digest_of_another_plan_is_no_agreement(
    run: Run, rig: Rig, words: tuple[str, ...]
) -> None:
    asked = run(*words)
    assert asked.code == 2
    digest = asked.err.rpartition("--yes ")[2].strip()
    rig.publish("m.twinkle.example", "AAAA", "2001:db8::1")
    late = run(*words, "--yes", digest)
    assert late.code == 3
    assert f"you agreed to {digest}" in late.err
    assert rig.seen("m.twinkle.example", "AAAA") == ("2001:db8::1",)


def test_wholesale_change_wants_force(run: Run, rig: Rig, words: tuple[str, ...]) -> None:
    for service in ("_matrix-fed", "_matrix"):
        rig.publish(f"{service}._tcp.twinkle.example", "SRV", "1 1 443 old.other.example.")
    rig.publish("twinkle.example", "A", "192.0.2.99")
    rig.publish("m.twinkle.example", "CNAME", "old.other.example.")
    shown = zones(run(*words, "--json").out)["twinkle.example"]
    digest = json.loads(run(*words, "--json").out)["digest"]
    assert shown["unsafe"] == "4 of 6 record sets of twinkle.example would change"
    refused = run(*words, "--yes", digest)
    assert (refused.code, "--force" in refused.err) == (3, True)
    assert rig.seen("twinkle.example", "A") == ("192.0.2.99",)
    done = run(*words, "--yes", digest, "--force", "--json")
    assert zones(done.out)["twinkle.example"]["result"] == "done"
    assert rig.seen("twinkle.example", "A") == ()
    assert len(rig.seen("m.twinkle.example", "AAAA")) == 1


def test_a_zone_that_cannot_be_asked_is_left_alone(
    run: Run, rig: Rig, words: tuple[str, ...], tmp_path: Path
) -> None:
    site = tmp_path / "site.toml"
    other = rig.acme_dns.removeprefix("https://")
    site.write_text(site.read_text().replace(rig.knot, other))
    told = run(*words, "--yes", "0123456789ab", "--json")
    seen = zones(told.out)["twinkle.example"]
    assert (told.code, seen["result"], seen["changes"]) == (1, "untold", [])
    assert seen["untold"] == f"{other}: NXDOMAIN"


def test_a_key_that_the_server_does_not_know_is_told_by_its_zone(
    run: Run, rig: Rig, words: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "tsig").write_text("nobody:YWFhYWFhYWFhYWFhYWFhYQ==")
    digest = json.loads(run(*words, "--json").out)["digest"]
    failed = run(*words, "--yes", digest, "--json")
    told = zones(failed.out)["twinkle.example"]
    assert (failed.code, told["result"]) == (1, "failed")
    # Knot says NOTAUTH and, before 3.4, that it is the key.
    assert "no key hmac-sha256:nobody" in told["error"]["what"] + told["error"]["hint"]


def test_what_is_said_before_and_after(
    run: Run, rig: Rig, words: tuple[str, ...], golden: Golden
) -> None:
    rig.publish("m.twinkle.example", "CNAME", "old.other.example.")
    rig.publish("edge.other.example", "A", "192.0.2.99")
    assert "never started" in run(*words, "--dry-run").err  # a rehearsal makes no keys
    run("edge", "token", "edge1", *words[2:6])
    shown = run(*words, "--dry-run")
    address = json.loads(run(*words, "--json").out)["zones"][0]["changes"][-1]["wanted"][0]
    text = shown.err + "---\n" + shown.out
    digest = shown.err.partition("digest ")[2].split()[0]
    golden("dns/apply.txt", text.replace(address, "200::1").replace(digest, "0123456789ab"))


def test_a_plan_of_one_zone_is_a_zone_file(run: Run, words: tuple[str, ...]) -> None:
    run("edge", "token", "edge1", *words[2:6])  # which makes the keys
    plan = ("dns", "plan", *words[2:6], "--format", "zone", "--zone")
    for name in ("twinkle.example", "Other.example."):
        text = run(*plan, name).out
        zone = bare(name)
        head = f"@ 60 IN SOA ns hostmaster 1 60 60 3600 1\n@ 60 IN NS ns.{zone}.\n"
        read = dns.zone.from_text(head + text, f"{zone}.", relativize=False)
        assert len(list(read.iterate_rdatas())) > 2
    wrong = run(*plan, "third.example")
    assert (wrong.code, "other.example" in wrong.err) == (2, True)
