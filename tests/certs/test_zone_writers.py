"""A real authority issues for names whose zones are written by signed updates and by a provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

import power_dns
from acme_rig.rig import Authority, Rig
from greygate.certs.issue import issue
from greygate.errors import Trouble
from greygate.progress import Silent
from greygate.site.model import Challenge, Zone
from greygate.spec.certificate import covered_by
from power_dns import TOKEN, PowerDns
from some_orders import NAMES, orders

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
