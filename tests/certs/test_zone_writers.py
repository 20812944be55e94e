"""A real authority issues for names whose zones are written by signed updates and by a provider."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path, PurePosixPath

import pytest

import power_dns
from acme_rig.rig import Authority, Rig
from greygate.certs.issue import issue
from greygate.certs.proof import Proof, find
from greygate.errors import Trouble
from greygate.probe.dns import Resolver
from greygate.progress import Silent
from greygate.site.model import Challenge, Zone
from greygate.spec.certificate import covered_by
from power_dns import TOKEN, PowerDns
from some_orders import NAMES, Watching, orders
from some_resolvers import resolver

pytestmark = pytest.mark.acme

OURS, PEOPLE, EDGES = "twinkle.example", "m.twinkle.example", "other.example"


@pytest.fixture
def provider(rig: Rig) -> Iterator[PowerDns]:
    """A provider's server for the zone of the client name, which the zone above delegates."""
    net = rig.resolver.rpartition(".")[0]
    server = f"ns.{PEOPLE}"
    with power_dns.running(PEOPLE, f"{net}.58", port=53) as made:
        rig.publish(PEOPLE, "NS", f"{server}.")
        rig.publish(server, "A", made.address)
        yield made
        rig.publish(server, "A")
        rig.publish(PEOPLE, "NS")


def kept(file: Path, text: str) -> PurePosixPath:
    file.touch(0o600)
    file.write_text(text)
    return PurePosixPath(file)


def signed(rig: Rig, below: Path, *, key_of: str = OURS) -> Zone:
    key = rig.keys[key_of]
    file = kept(below / "tsig", f"hmac-sha256:{key.name}:{key.secret}")
    return Zone(OURS, challenge=Challenge.RFC2136, server=rig.knot, key_file=file)


def test_three_zones_by_three_solvers(
    rig: Rig, authority: Authority, provider: PowerDns, tmp_path: Path
) -> None:
    told = f'pdns_server = "{provider.url}"\nauth_token = "{TOKEN}"\n'
    credentials = kept(tmp_path / "credentials", told)
    way = Challenge.LEXICON
    zones = (
        signed(rig, tmp_path),
        Zone(PEOPLE, challenge=way, provider="powerdns", credentials=credentials),
        Zone(EDGES, challenge=Challenge.ACME_DNS, acme_dns=rig.acme_dns),
    )
    with orders(rig, authority, tmp_path, zones) as acme:
        acme.lead("edge.other.example")
        issue(acme.ordering, Silent())
        assert covered_by(acme.leaf).names == set(NAMES)
        for name in (OURS, PEOPLE):
            assert rig.seen(f"_acme-challenge.{name}", "TXT") == ()  # withdrawn


def test_a_key_that_may_not_write_the_zone_is_told_before_anything_is_ordered(
    rig: Rig, authority: Authority, tmp_path: Path
) -> None:
    zones = (
        signed(rig, tmp_path, key_of=EDGES),
        Zone(EDGES, challenge=Challenge.ACME_DNS, acme_dns=rig.acme_dns),
    )
    with orders(rig, authority, tmp_path, zones) as acme:
        acme.lead("edge.other.example")
        with pytest.raises(Trouble, match=f"cannot write {OURS} at {rig.knot}"):
            issue(acme.ordering, Silent())
        assert not Path(acme.paths.certificate).exists()


def by_signed_updates(rig: Rig, below: Path) -> tuple[Zone, ...]:
    edges = rig.keys[EDGES]
    file = kept(below / "edges", f"hmac-sha256:{edges.name}:{edges.secret}")
    other = Zone(EDGES, challenge=Challenge.RFC2136, server=rig.knot, key_file=file)
    return signed(rig, below), other


def test_an_alias_that_a_wildcard_answers_leads_nowhere(
    rig: Rig, authority: Authority, tmp_path: Path
) -> None:
    rig.publish(f"*.{OURS}", "CNAME", "parking.other.example.")
    try:
        with orders(rig, authority, tmp_path, by_signed_updates(rig, tmp_path)) as acme:
            issue(acme.ordering, Silent())
            assert covered_by(acme.leaf).names == set(NAMES)
    finally:
        rig.publish(f"*.{OURS}", "CNAME")


@pytest.fixture
def challenges(rig: Rig) -> Iterator[PowerDns]:
    """A small zone for the challenges of the client name, at a provider."""
    zone, server = f"_acme-challenge.{PEOPLE}", f"ns.{OURS}"
    address = f"{rig.resolver.rpartition('.')[0]}.58"
    with power_dns.running(zone, address, port=53, server=f"{server}.") as made:
        rig.publish(server, "A", address)
        rig.publish(zone, "NS", f"{server}.")
        yield made
        rig.publish(zone, "NS")
        rig.publish(server, "A")


def test_a_challenge_may_be_a_zone_of_its_own(
    rig: Rig, authority: Authority, challenges: PowerDns, tmp_path: Path
) -> None:
    told = f'pdns_server = "{challenges.url}"\nauth_token = "{TOKEN}"\n'
    credentials = kept(tmp_path / "credentials", told)
    way = Challenge.LEXICON
    small = Zone(challenges.zone, challenge=way, provider="powerdns", credentials=credentials)
    zones = (*by_signed_updates(rig, tmp_path), small)
    with orders(rig, authority, tmp_path, zones) as acme:
        issue(acme.ordering, Silent())
        assert covered_by(acme.leaf).names == set(NAMES)


def test_a_challenge_in_a_zone_that_nobody_writes_is_told(
    rig: Rig, authority: Authority, challenges: PowerDns, tmp_path: Path
) -> None:
    with (
        orders(rig, authority, tmp_path, by_signed_updates(rig, tmp_path)) as acme,
        pytest.raises(Trouble, match=f"{challenges.zone} is a zone of its own") as told,
    ):
        issue(acme.ordering, Silent())
    assert f'[[zone]] with name = "{challenges.zone}"' in told.value.hint


def test_a_zone_that_is_no_cut_is_written_by_the_one_above(
    rig: Rig, authority: Authority, tmp_path: Path
) -> None:
    ours, edges = by_signed_updates(rig, tmp_path)
    with orders(rig, authority, tmp_path, (ours, edges, replace(ours, name=PEOPLE))) as acme:
        issue(acme.ordering, Silent())
        assert covered_by(acme.leaf).names == set(NAMES)


@pytest.mark.parametrize("way", ["refuse", "static"])
def test_a_resolver_that_hides_the_zone_is_passed_over(
    rig: Rig, authority: Authority, tmp_path: Path, way: str
) -> None:
    view = (f'local-zone: "{OURS}." {way}', f'local-data: "{OURS}. TXT hidden"')
    with (
        resolver(rig, *view) as first,
        orders(rig, authority, tmp_path, by_signed_updates(rig, tmp_path)) as acme,
    ):
        hiding = (first, Resolver((ip_address(first), 53), patience=2.0))
        resolvers = (hiding, *acme.ordering.resolvers)
        watching = Watching()
        issue(replace(acme.ordering, resolvers=resolvers), watching)
        assert covered_by(acme.leaf).names == set(NAMES)
        assert any(it.startswith(f"{first} tells no SOA and NS") for it in watching.heard)


def test_a_cname_may_lead_to_a_zone_below_ours(
    rig: Rig, challenges: PowerDns, tmp_path: Path
) -> None:
    """As own-dns does, where the edge's name is in our zone."""
    target = f"{OURS}.{challenges.zone}"

    class Led:
        patience = 1.0

        def alias(self, name: str) -> str | None:
            return target

        def publish(self, place: str, value: str) -> None:
            raise AssertionError(place)

        withdraw = publish

    resolvers = (("unbound", Resolver((ip_address(rig.resolver), 53), patience=2.0)),)
    rig.publish(f"_acme-challenge.{OURS}", "CNAME", f"{target}.")
    try:
        found = find(OURS, Zone(OURS, challenge=Challenge.OWN_DNS), Led(), resolvers)
    finally:
        rig.publish(f"_acme-challenge.{OURS}", "CNAME")
    assert isinstance(found, Proof) and found.place == target
