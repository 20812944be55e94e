"""What it takes to move an edge or to give one up, before anything is done."""

from __future__ import annotations

import time
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path, PurePosixPath

import pytest

import some_homes
import some_sites
from greygate.cli import edge_changes_report as report
from greygate.components.catalogue import ALL
from greygate.errors import WrongUsage
from greygate.home import edge_changes, half
from greygate.home.half import Home
from greygate.identity import edge_keys, former_keys, keys
from greygate.identity.former_keys import FormerKey
from greygate.plan.paths import Paths
from greygate.plan.plan import Plan
from greygate.site.model import Edge
from greygate.site.parse import parse
from greygate.site.write import site_text

SECOND = Edge(id="edge2", name="edge2.other.example", addresses=(IPv4Address("192.0.2.20"),))


def home(tmp_path: Path, *more: Edge) -> Home:
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    keys.claim(paths, "twinkle.example")
    keys.ensure_keys(paths, accounts=False)
    edge_keys.ensure(paths, ["edge1", *(it.id for it in more)])
    made, _plan = some_sites.federating()
    source = tmp_path / "site.toml"
    accepted = replace(made, accepted_doubts=("doubt.not-public",))
    source.write_text(site_text(replace(accepted, edges=(*made.edges, *more))))
    site = parse(source.read_text())
    place = replace(some_homes.place_at(paths), root=False)
    return half.derive(source, site, place, some_homes.standing())


def test_a_move_is_one_line_of_the_site_file_and_the_edge_s_own_records(tmp_path: Path) -> None:
    mine = home(tmp_path)
    wanted = edge_changes.moving(mine, "edge1", [ip_address("198.51.100.7")])
    assert parse(wanted.after).edges[0].addresses == (IPv4Address("198.51.100.7"),)
    assert mine.source.read_text() == wanted.before  # nothing is done
    assert report.records(wanted.records) == (
        "in the zone other.example:\n"
        "  take away  edge.other.example. 300 IN A 192.0.2.10\n"
        "  publish    edge.other.example. 300 IN A 198.51.100.7\n"
        "  take away  edge.other.example. 300 IN AAAA 2001:db8::10"
    )


def test_a_host_that_an_edge_has_left_is_followed_until_its_moment(tmp_path: Path) -> None:
    mine = home(tmp_path)
    paths, left = mine.plan.paths, mine.plan.edges[0]
    wanted = edge_changes.moving(mine, "edge1", [ip_address("198.51.100.7")])
    assert edge_changes.is_another_host(wanted, [ip_address("198.51.100.7")])
    assert not edge_changes.is_another_host(wanted, [ip_address("192.0.2.10")])
    now = int(time.time())
    edge_changes._leave_host(mine, left.edge, now + 60)
    mine.source.write_text(wanted.after)
    site = parse(wanted.after)

    def plan() -> Plan:
        return half.derive(mine.source, site, mine.place, some_homes.standing()).plan

    (new,), (old,) = plan().edges, plan().former
    assert (old.key, old.edge.addresses, old.until) == (left.key, left.edge.addresses, now + 60)
    assert new.key != old.key
    assert set(plan().peers) >= {*new.peers, *old.peers}
    files = {str(file.path): file.text for it in ALL for file in it.files(site, plan())}
    assert f"src {old.address} }} {{ date ge {now + 60} }}" in files["haproxy/haproxy.cfg"]
    assert f"{old.address} tcp dport 18448 meta time >= {now + 60}" in files["firewall/rules.nft"]
    # Another move meanwhile: both are followed, each until its own moment.
    former_keys.add(paths, "edge1", FormerKey("cd" * 32, "peer", ("198.51.100.9",), now + 90))
    assert [it.until for it in plan().former] == [now + 90, now + 60]
    former_keys.add(paths, "edge1", FormerKey(left.key, left.label, ("192.0.2.10",), now))
    assert [it.until for it in plan().former] == [now + 90]
    assert [it.until for it in plan().barred] == [now]  # its moment has passed
    former_keys.bar(paths, "edge1")
    assert plan().former == ()


def test_to_where_it_is_already_nothing_changes(tmp_path: Path) -> None:
    mine = home(tmp_path)
    wanted = edge_changes.moving(mine, "edge1", mine.site.edges[0].addresses)
    assert parse(wanted.after) == parse(wanted.before)
    assert report.records(wanted.records) == "in DNS nothing changes"


@pytest.mark.parametrize("address", [IPv6Address("200::1"), ip_address("127.0.0.1")])
def test_no_edge_moves_to_where_nobody_finds_it(
    tmp_path: Path, address: IPv4Address | IPv6Address
) -> None:
    with pytest.raises(WrongUsage, match="cannot move edge1"):
        edge_changes.moving(home(tmp_path), "edge1", [address])


def test_one_of_two_is_given_up(tmp_path: Path) -> None:
    wanted = edge_changes.removing(home(tmp_path, SECOND), "edge1")
    assert [it.id for it in parse(wanted.after).edges] == ["edge2"]
    told = report.told(wanted.records)["records"]
    assert ("edge.other.example", "A") in {(it["name"], it["type"]) for it in told}
    assert all(it["publish"] == [] for it in told)


def test_a_zone_that_was_there_for_it_alone_goes_too(tmp_path: Path) -> None:
    mine = home(tmp_path, replace(SECOND, name="edge2.third.example"))
    zone = '\n[[zone]]\nname = "third.example"\nchallenge = "manual"\n'
    mine.source.write_text(mine.source.read_text() + zone)
    known = replace(mine, site=parse(mine.source.read_text()))
    wanted = edge_changes.removing(known, "edge2")
    assert "third.example" not in wanted.after
    assert [it.name for it in parse(wanted.after).zones] == [it.name for it in mine.site.zones]


def test_the_only_one_is_not_given_up_unasked(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage) as refused:
        edge_changes.removing(home(tmp_path), "edge1")
    assert "federation = false" in refused.value.hint


def test_an_edge_that_is_not_there_is_told(tmp_path: Path) -> None:
    for wish in (edge_changes.removing, lambda it, id_: edge_changes.moving(it, id_, [])):
        with pytest.raises(WrongUsage, match="edge7"):
            wish(home(tmp_path), "edge7")
