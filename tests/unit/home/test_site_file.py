"""The site file that `up` finds or makes; a wish that it does not hold is not forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from greygate.errors import NotRunning, Trouble, WrongUsage
from greygate.home.choice import Standing
from greygate.home.half import existing_site
from greygate.home.place import Place
from greygate.home.site_file import Wishes, ensure, for_keeps
from greygate.identity import keys
from greygate.machine.node import Version
from greygate.progress import Silent
from greygate.site import load
from greygate.site.model import Node
from some_homes import node, place, standing

PEER, OTHER = "tls://192.0.2.10:443", "quic://[2001:db8::10]:443"


@pytest.fixture
def where(tmp_path: Path) -> Place:
    return place(tmp_path / "s")


def ensured(
    where: Place,
    name: str | None = None,
    *,
    peers: Sequence[str] = (),
    listen: Sequence[str] = (),
    machine: Standing | None = None,
) -> Path:
    return ensure(
        where,
        Wishes(name=name, peers=peers, listen=listen),
        Silent(),
        named=None,
        environ={},
        look=lambda: machine or standing(),
    )


def test_without_a_name_it_is_a_trial_of_its_own(where: Place, tmp_path: Path) -> None:
    site = load.load(ensured(where))
    assert site.trial
    assert str(site.server_name).endswith(".internal")
    assert site.overlay.node is Node.MANAGED
    another = load.load(ensured(place(tmp_path / "t")))
    assert another.server_name != site.server_name


def test_an_edge_becomes_no_server(tmp_path: Path) -> None:
    where = replace(place(tmp_path), root=True)
    token = Path(where.paths.joined)
    token.parent.mkdir(parents=True)
    token.touch()
    with pytest.raises(NotRunning, match="this machine is an edge"):
        ensured(where)
    with pytest.raises(NotRunning) as told:
        existing_site(where, None, {})
    assert told.value.hint.endswith("greygate edge leave")
    assert [it for it in tmp_path.rglob("*") if it.is_file()] == [token]


def test_with_a_name_it_is_for_keeps(where: Place) -> None:
    site = load.load(ensured(where, "home.example.net"))
    assert str(site.server_name) == "home.example.net"
    assert not site.trial
    assert not site.federation


def test_a_second_time_the_same_one_is_found(where: Place) -> None:
    first = ensured(where, "home.example.net", peers=[PEER])
    before = first.read_text()
    assert ensured(where) == ensured(where, "home.example.net", peers=[PEER]) == first
    assert first.read_text() == before


def test_peers_and_listeners_are_written(where: Place) -> None:
    site = load.load(ensured(where, peers=[PEER, OTHER], listen=["tls://[::]:18000"]))
    assert site.overlay.peers == (PEER, OTHER)
    assert site.overlay.listen == ("tls://[::]:18000",)


@pytest.mark.parametrize(("peers", "listen"), [([PEER, "a"], ()), ((), ["b"])])
def test_what_is_no_peering_is_refused_and_nothing_written(
    where: Place, peers: Sequence[str], listen: Sequence[str]
) -> None:
    with pytest.raises(WrongUsage, match=r"cannot use [ab] as peering"):
        ensured(where, peers=peers, listen=listen)
    assert not where.trial_site.exists()


def test_the_node_that_runs_here_is_taken(where: Place) -> None:
    assert load.load(ensured(where, machine=standing(node=node()))).overlay.node is Node.SYSTEM


def test_beside_a_0_4_node_nothing_is_written(where: Place) -> None:
    with pytest.raises(Trouble, match=r"0\.4\.7"):
        ensured(where, machine=standing(node=node(Version(0, 4, 7))))
    assert not where.trial_site.exists()


def test_two_servers_do_not_share_a_place(where: Place) -> None:
    ensured(where, "home.example.net")
    with pytest.raises(WrongUsage, match=r"is the site of home\.example\.net") as trouble:
        ensured(where, "other.example.net")
    assert "--state" in trouble.value.hint


@pytest.mark.parametrize("wish", ["peers", "listen"])
def test_a_wish_that_the_file_does_not_hold_is_told_not_forgotten(where: Place, wish: str) -> None:
    file = ensured(where, peers=[PEER])
    with pytest.raises(WrongUsage, match="the site file decides") as trouble:
        ensured(where, **{wish: [OTHER]})  # type: ignore[arg-type]
    assert str(file) in trouble.value.hint


def test_a_place_whose_site_file_is_gone_gets_no_other_server(where: Place) -> None:
    keys.claim(where.paths, "home.example.net")
    with pytest.raises(Trouble, match="whose site file is gone"):
        ensured(where)
    assert ensured(where, "home.example.net").exists()


@pytest.mark.parametrize("name", ["", "two words", "-x.example", "a..b"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(WrongUsage, match="as server name"):
        for_keeps(Wishes(name=name), Node.MANAGED)


def test_a_doubted_name_is_refused_until_the_doubt_is_named() -> None:
    with pytest.raises(WrongUsage, match="no dot") as trouble:
        for_keeps(Wishes(name="home"), Node.MANAGED)
    assert trouble.value.hint.endswith("--accept doubt.single-label")
    site = for_keeps(Wishes(name="home", accepted=["doubt.single-label"]), Node.MANAGED)
    assert site.accepted_doubts == ("doubt.single-label",)


def test_a_doubt_that_is_only_told_does_not_stop_anybody() -> None:
    assert str(for_keeps(Wishes(name="home.ygg.at"), Node.MANAGED).server_name) == "home.ygg.at"
