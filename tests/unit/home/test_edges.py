"""The keys of edges, their tokens, and what identity.tar keeps of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest

import some_edges
import some_homes
import some_sites
from greygate.certs.dns01 import own_dns
from greygate.components.edge import ALL as EDGE_COMPONENTS
from greygate.errors import Trouble, WrongUsage
from greygate.home import agents, edges
from greygate.home.half import Home
from greygate.identity import archive, authority, edge_keys, keys
from greygate.plan import token as tokens
from greygate.plan.edge import demand_successor, edge_plan
from greygate.plan.orders import LARGEST_NUMBER
from greygate.plan.paths import Paths
from greygate.plan.plan import plan_for
from greygate.progress import Silent
from greygate.secret import Secret
from greygate.site.model import Certificates, Challenge, Source, Zone


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    keys.claim(made, "twinkle.example")
    keys.ensure_keys(made, accounts=False)
    edge_keys.ensure(made, ["edge1"])
    return made


ZONE = Zone(
    "other.example",
    challenge=Challenge.OWN_DNS,
    edge="edge1",
    challenge_zone="acme.edge.other.example",
)


def home(paths: Paths, *zones: Zone) -> Home:
    site, _plan = some_sites.federating()
    if zones:
        site = replace(site, zones=zones, certificates=Certificates(source=Source.ACME))
    plan = plan_for(
        site,
        paths=paths,
        address=keys.overlay_address(paths),
        interface="greygate0",
        engine=some_sites.ENGINE,
        accounts=False,
        edge_keys=edge_keys.public_keys(paths, ["edge1"]),
        edge_labels=edge_keys.peer_labels(paths, ["edge1"]),
    )
    return some_homes.home((site, plan))


def test_a_token_is_the_same_until_something_changes(paths: Paths) -> None:
    first = edges.issue_token(home(paths), "edge1")
    assert first.serial == 1
    assert first.address == home(paths).plan.edges[0].address
    assert first.homes == (keys.overlay_address(paths),)
    assert edges.issue_token(home(paths), "edge1") == first
    edge_keys.renew(paths, "edge1", elsewhere=False)
    second = edges.issue_token(home(paths), "edge1")
    assert (second.serial, second.address == first.address) == (2, False)


def test_an_edge_s_node_is_asked_for_by_a_secret(paths: Paths) -> None:
    """Whoever knew it would be shown the edge's key, and by that home's address."""
    token = edges.issue_token(home(paths), "edge1")
    label = edge_keys.peer_labels(paths, ["edge1"])["edge1"]
    assert (token.peer_label, len(label)) == (label, 20)
    assert tokens.read(tokens.written(token)) == token
    assert all(f"sni={label}.edge.other.example" in it for it in home(paths).plan.edges[0].peers)
    haproxy = next(it for it in EDGE_COMPONENTS if it.name == "haproxy")
    (config, *_rest) = haproxy.files(token, edge_plan(token, paths))
    assert f"acl peering req.ssl_sni -i {label}.edge.other.example\n" in config.text
    edge_keys.renew(paths, "edge1", elsewhere=False)
    assert edge_keys.peer_labels(paths, ["edge1"]) == {"edge1": label}
    edge_keys.renew(paths, "edge1", elsewhere=True)
    assert edge_keys.peer_labels(paths, ["edge1"]) != {"edge1": label}


def test_an_edge_from_before_there_were_secrets_goes_on_until_it_gets_another_key(
    paths: Paths,
) -> None:
    Path(paths.peer_label("edge1")).unlink()
    edge_keys.ensure(paths, ["edge1"])  # as each start does
    token = edges.issue_token(home(paths), "edge1")
    told = tokens.told(token)
    assert (told["v"], "peer" in told, token.peer_label) == (1, False, "peer")
    assert all("sni=peer.edge.other.example" in it for it in home(paths).plan.edges[0].peers)
    edge_keys.renew(paths, "edge1", elsewhere=False)
    later = edges.issue_token(home(paths), "edge1")
    assert (tokens.told(later)["v"], later.peer_label == "peer") == (2, False)


def test_an_edge_becomes_a_name_server_by_its_token(paths: Paths) -> None:
    plain = edges.issue_token(home(paths), "edge1")
    assert plain.name_server is None
    served = edges.issue_token(home(paths, ZONE), "edge1")
    assert (served.serial, served.digest == plain.digest) == (2, False)
    assert served.name_server is not None
    assert served.name_server.zone == "acme.edge.other.example"
    assert edges.issue_token(home(paths, ZONE), "edge1") == served  # the key stays
    key = Path(paths.name_server_key("edge1"))
    assert key.stat().st_mode & 0o777 == 0o400
    key.chmod(0o600)
    key.write_text("nonsense")
    with pytest.raises(Trouble, match="damaged"):
        edges.issue_token(home(paths, ZONE), "edge1")


def test_home_writes_the_edge_at_its_overlay_address(paths: Paths) -> None:
    with pytest.raises(Trouble, match="it has no key yet"):
        own_dns.solver(ZONE, paths, Silent())  # it is written with a key that its token brings
    edge_keys.ensure_name_server_key(paths, "edge1")
    solver = own_dns.solver(ZONE, paths, Silent())
    assert solver.alias("_acme-challenge.Edge.other.example.") == (
        "edge.other.example.acme.edge.other.example"
    )
    with pytest.raises(Trouble, match="it has no key yet"):
        own_dns.solver(replace(ZONE, edge="edge2"), paths, Silent())


def test_what_another_copy_of_this_home_told_is_followed_by_a_higher_serial(paths: Paths) -> None:
    assert edges.issue_token(home(paths), "edge1").serial == 1
    assert edges.issue_token(home(paths), "edge1", above=7).serial == 8
    assert edges.issue_token(home(paths), "edge1").serial == 8
    assert edges.issue_token(home(paths), "edge1", above=7).serial == 8


def test_no_serial_is_believed_that_no_copy_of_this_home_can_have_made(paths: Paths) -> None:
    """A stolen edge would lead home to numbers that neither side can read."""
    mine = home(paths)
    edges.issue_token(mine, "edge1")
    for told in (edges.FARTHEST + 2, LARGEST_NUMBER):
        assert edges.is_made_up(paths, "edge1", told)
        with pytest.raises(Trouble, match="cannot number") as trouble:
            edges.issue_token(mine, "edge1", above=told)
        assert "edge rotate edge1" in trouble.value.hint
    assert edges.issued(paths, "edge1").serial == 1
    assert edges.issue_token(mine, "edge1", above=edges.FARTHEST).serial == edges.FARTHEST + 1
    # One that was led there already begins anew with another key.
    Path(paths.edge_key("edge1").with_name(edges.ISSUED)).write_text(
        json.dumps({"serial": LARGEST_NUMBER + 1, "digest": "x"})
    )
    with pytest.raises(Trouble, match="cannot number"):
        edges.issue_token(mine, "edge1")
    edges.forget_issued(paths, "edge1")
    edge_keys.renew(paths, "edge1", elsewhere=False)
    fresh = edges.issue_token(home(paths), "edge1")
    assert fresh.serial == 1
    demand_successor(fresh, replace(fresh, serial=99, key=Secret("ab" * 32)))


def test_an_edge_is_behind_until_it_follows_the_very_plan(paths: Paths) -> None:
    token = edges.issue_token(home(paths), "edge1")
    state = some_edges.state(serial=1, digest=token.digest)
    assert agents.behind(state, token) is None
    for other in (some_edges.state(serial=0, digest=token.digest), some_edges.state(serial=1)):
        assert "plan" in (agents.behind(other, token) or "")


def test_two_that_look_with_different_plans_do_not_number_anything(paths: Paths) -> None:
    """An `up` that watches has the site as it was at its start."""
    mine, other = home(paths), home(paths, ZONE)
    edges.issue_token(mine, "edge1")
    before = {path: path.stat().st_mtime_ns for path in Path(paths.edges).rglob("*")}
    for looking in (mine, other, mine, other):
        assert set(agents.look(looking)) == {"edge1"}
        assert edges.issued(paths, "edge1").serial == 1
    assert {path: path.stat().st_mtime_ns for path in Path(paths.edges).rglob("*")} == before
    edges.issue_token(other, "edge1")
    follows = edges.issued(paths, "edge1")
    state = some_edges.state(serial=follows.serial, digest=follows.digest)
    assert agents.behind(state, edges.issued(paths, "edge1")) is None


def test_who_may_not_speak_for_the_site_asks_no_edge(paths: Paths) -> None:
    mine = home(paths)
    nobody = replace(mine, place=replace(mine.place, root=False))
    assert (agents.look(nobody), agents.tell(nobody, Silent())) == ({}, ())
    assert agents.tell_news(nobody, Silent()) == ()


def test_an_edge_that_is_not_there_is_told_with_the_nearest(paths: Paths) -> None:
    with pytest.raises(WrongUsage) as wrong:
        edges.issue_token(home(paths), "egde1")
    assert "edge1" in wrong.value.hint
    alone = home(paths)
    with pytest.raises(WrongUsage, match="no edge"):
        edges.link(replace(alone, plan=replace(alone.plan, edges=())), "edge1")


def test_keys_are_root_s_own_and_stay(paths: Paths) -> None:
    before = edge_keys.public_keys(paths, ["edge1", "edge2"])
    assert list(before) == ["edge1"]
    edge_keys.ensure(paths, ["edge1", "edge2"])
    after = edge_keys.public_keys(paths, ["edge1", "edge2"])
    assert after["edge1"] == before["edge1"]
    for path in (paths.site_key, paths.edge_key("edge1")):
        assert Path(path).stat().st_mode & 0o777 == 0o400
    assert Path(paths.edges).stat().st_mode & 0o777 == 0o700


def test_a_damaged_key_is_told(paths: Paths) -> None:
    Path(paths.edge_key("edge1")).chmod(0o600)
    Path(paths.edge_key("edge1")).write_text("x")
    with pytest.raises(Trouble, match="damaged"):
        edge_keys.seed(paths, "edge1")
    with pytest.raises(Trouble, match="not there"):
        edge_keys.seed(paths, "edge9")


def test_the_identity_keeps_the_keys_of_edges(paths: Paths, tmp_path: Path) -> None:
    site, plan = some_sites.federating()
    authority.ensure_certificate(paths, plan.certificate, accounts=False, now=datetime.now(UTC))
    archive.ensure_archive(paths, site="")
    kept = archive.read(Path(paths.identity).read_bytes())
    other = Paths.below(PurePosixPath(tmp_path / "other"), PurePosixPath(tmp_path / "r"))
    archive.restore_into(other, kept, accounts=False)
    for path in (paths.site_key, paths.edge_key("edge1"), paths.peer_label("edge1")):
        there = Path(other.state / path.relative_to(paths.state))
        assert there.read_bytes() == Path(path).read_bytes()
    assert str(site.server_name) == kept.server_name
