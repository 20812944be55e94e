"""Other peers are taken up by a real node as it runs; anything else is a reason to restart it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

import some_sites
from greygate.apply import outstanding
from greygate.components import yggdrasil
from greygate.components.yggdrasil.peers import PeerChanges, peer_changes
from greygate.home.peers import remove_unplanned, take_up
from greygate.plan.paths import Paths
from greygate.plan.plan import Plan
from greygate.probe import overlay
from greygate.probe.answers import Peers
from greygate.site.model import Node, Site
from lab.waiting import wait_until
from our_end import WITH_US
from ports import takes

FIRST, SECOND = "tcp://127.0.0.1:1", "tcp://127.0.0.1:2"
LITERAL = "tls://[2001:db8::1]:443"
PINNED = f"{FIRST}?key={'ab' * 32}"
CHANGED = frozenset({"yggdrasil", "haproxy"})
START = 10.0


def config(site: Site, plan: Plan, *peers: str) -> str:
    (file,) = yggdrasil.files(site, replace(plan, peers=peers))
    return file.text


@pytest.mark.parametrize(
    ("before", "after", "gone", "new"),
    [
        ((), (), (), ()),
        ((), (FIRST,), (), (FIRST,)),
        ((FIRST,), (), (FIRST,), ()),
        ((FIRST, LITERAL), (SECOND, FIRST), (LITERAL,), (SECOND,)),
        ((FIRST,), (PINNED,), (FIRST,), (PINNED,)),
    ],
)
def test_what_differs_is_told(
    before: tuple[str, ...], after: tuple[str, ...], gone: tuple[str, ...], new: tuple[str, ...]
) -> None:
    site, plan = some_sites.managed()
    found = peer_changes(config(site, plan, *before), config(site, plan, *after))
    assert found == PeerChanges(gone=gone, new=new)


def test_where_more_differs_the_node_starts_anew() -> None:
    site, plan = some_sites.managed()
    listening = replace(site, overlay=replace(site.overlay, listen=("tls://[::]:1",)))
    assert peer_changes(config(site, plan, FIRST), config(listening, plan, SECOND)) is None
    assert peer_changes("", config(site, plan)) is None
    assert peer_changes("  Peers: [\n    1\n", config(site, plan)) is None


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """One that dialled the first, and is to dial the second."""
    paths = Paths.below(PurePosixPath(tmp_path / "s"), PurePosixPath(tmp_path / "r"))
    site = some_sites.site(Node.MANAGED)
    made = some_sites.plan(site, paths=paths, interface="greygate0")
    for place, peer in ((paths.state / "rendered.old", FIRST), (paths.rendered, SECOND)):
        path = Path(place / yggdrasil.CONFIG)
        path.parent.mkdir(parents=True)
        path.write_text(config(site, made, peer))
    outstanding.add(Path(paths.rendered), CHANGED)
    return made


def due(plan: Plan) -> set[str]:
    return set(outstanding.load(Path(plan.paths.rendered)))


@pytest.fixture
def node(plan: Plan, tmp_path: Path) -> Iterator[Plan]:
    admin = Path(plan.paths.overlay_admin_socket)
    admin.parent.mkdir(parents=True)
    told = {"IfName": "none", "Peers": [FIRST], "AdminListen": f"unix://{admin}"}
    (tmp_path / "node.conf").write_text(json.dumps({**told, "MulticastInterfaces": []}))
    command = (*WITH_US, yggdrasil.PROGRAM, "-useconffile", tmp_path / "node.conf")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: takes(admin), within=START, what="it answers")
        yield plan
        process.terminate()


@pytest.mark.programs
def test_a_node_that_runs_takes_them_up(node: Plan) -> None:
    take_up(node)
    assert due(node) == {"haproxy"}
    seen = overlay.peers(str(node.paths.overlay_admin_socket))
    assert isinstance(seen, Peers)
    assert [it.uri for it in seen.peers] == [SECOND]


@pytest.mark.programs
def test_for_another_key_of_the_same_peer_the_node_starts_anew(node: Plan) -> None:
    """As after a rotation: the node knows a peer by its address alone, and would stay linked."""
    site = some_sites.site(Node.MANAGED)
    Path(node.paths.rendered / yggdrasil.CONFIG).write_text(config(site, node, PINNED))
    take_up(node)
    assert due(node) == CHANGED


@pytest.mark.programs
def test_where_it_owes_what_came_before_too_the_node_starts_anew(node: Plan) -> None:
    """Killed twice in between, the former configuration is not what the node runs with."""
    outstanding.add(Path(node.paths.state / "rendered.old"), {"yggdrasil"})
    take_up(node)
    assert due(node) == CHANGED


@pytest.mark.programs
def test_a_peer_that_is_not_in_the_plan_is_taken_away_whoever_added_it(node: Plan) -> None:
    """As the keeper may, just before it has its new list."""
    admin = str(node.paths.overlay_admin_socket)
    planned = replace(node, peers=(FIRST,))

    def dialled() -> list[str]:
        seen = overlay.peers(admin)
        assert isinstance(seen, Peers)
        return sorted(it.uri for it in seen.peers)

    for uri in (f"{LITERAL}?key={'ab' * 32}&sni=peer.edge.example", SECOND):
        assert overlay.add_peer(admin, uri) is None
    assert dialled() == sorted([FIRST, SECOND, LITERAL])
    remove_unplanned(planned, ours=True)
    assert dialled() == [FIRST]


def test_a_node_that_does_not_run_is_restarted(plan: Plan) -> None:
    take_up(plan)
    assert due(plan) == CHANGED


def test_where_nothing_was_there_before_it_is_restarted(plan: Plan) -> None:
    Path(plan.paths.state / "rendered.old" / yggdrasil.CONFIG).unlink()
    take_up(plan)
    assert due(plan) == CHANGED
