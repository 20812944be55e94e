"""What looks, plans or rehearses makes and writes nothing on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

import some_sites
from greygate.cli.commands import CHANGES, LOOKS
from greygate.cli.main import app
from greygate.home import edges
from greygate.home.place import Place, place_for
from greygate.identity import edge_keys, keys
from greygate.site.model import Certificates, Challenge, Node, Site, Source, Zone
from greygate.site.write import site_text

NAME = "twinkle.example"
NOBODY = "127.0.0.1:9"  # answers nothing
ROOT = Path(__file__).parents[3]
# What the commands are called with beside --json.
ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "show policy": ("GET", "/_matrix/federation/v1/version"),
    "discover": ("192.0.2.1:8448", "--resolver", NOBODY),
    "dns check": ("--resolver", NOBODY),
    "dns apply": ("--resolver", NOBODY),
    "cert issue": ("--resolver", NOBODY),
    "edge probe": ("edge1", "tcp", "192.0.2.1"),
    "edge move": ("edge1", "198.51.100.7"),
    "edge rotate": ("edge1",),
    "edge remove": ("edge1",),
    "edge deploy": ("edge1", "root@127.0.0.1:9"),
}
# Programs that only tell something.
TELL = {
    *("systemctl show", "systemctl is-active", "journalctl", "ip -j", "dpkg-query", "ss", "nft -j"),
    *("yggdrasil -version",),
}


def commands(whole: App) -> Iterator[tuple[str, App]]:
    """Every command that is no family, by its words."""
    for name in whole:
        if name.startswith("-"):
            continue
        inner = whole[name]
        below = list(commands(inner))
        yield from ((f"{name} {words}", each) for words, each in below)
        if not below:
            yield name, inner


def has_dry_run(command: App) -> bool:
    parsed = command.assemble_argument_collection()
    return any("--dry-run" in argument.names for argument in parsed)


ALL = dict(commands(app()))
DRY = tuple(it for it in ALL if has_dry_run(ALL[it]))


def test_every_command_is_declared_to_look_or_to_change() -> None:
    assert sorted((*LOOKS, *CHANGES)) == sorted(ALL)
    assert set(DRY) <= set(CHANGES)
    assert {"apply", "cert issue", "dns apply", "edge move"} <= set(DRY)


def test_what_is_tried_to_write_is_heard(tmp_path: Path) -> None:
    """The net itself: a command that changes is caught in it."""
    (renewed,) = looked(standalone(tmp_path), [("cert", "renew")])
    assert any("ca.key" in it for it in renewed["writes"]), renewed


def never_started(below: Path) -> Place:
    return placed(below, site())


def placed(below: Path, made: Site) -> Place:
    place = place_for({"HOME": str(below)}, uid=os.geteuid(), state=below / "s")
    place.trial_site.parent.mkdir()
    place.trial_site.write_text(site_text(made), "utf-8")
    return place


def site(*zones: Zone, node: Node = Node.MANAGED) -> Site:
    federating, _plan = some_sites.federating()
    overlay = replace(federating.overlay, node=node, firewall=node is Node.MANAGED)
    made = replace(federating, overlay=overlay, accepted_doubts=("doubt.not-public",))
    if zones:
        ordered = Certificates(source=Source.ACME, directory=f"https://{NOBODY}/dir")
        made = replace(made, zones=zones, certificates=ordered)
    return made


def keyed(place: Place, *edge_ids: str) -> Place:
    keys.claim(place.paths, NAME)
    keys.ensure_keys(place.paths, accounts=False)
    edge_keys.ensure(place.paths, edge_ids)
    return place


def without_a_key(below: Path) -> Place:
    """The edge was written into the site file, and nothing was made for it yet."""
    return keyed(placed(below, site()))


def with_an_edge(below: Path) -> Place:
    place = keyed(placed(below, site()), "edge1")
    issued = Path(place.paths.edge_key("edge1").with_name(edges.ISSUED))
    issued.write_text('{"serial": 7, "digest": "of-another-plan"}')
    return place


ZONES = (
    Zone(NAME, challenge=Challenge.ACME_DNS, acme_dns=f"https://{NOBODY}"),
    Zone(
        "other.example",
        challenge=Challenge.OWN_DNS,
        edge="edge1",
        challenge_zone="acme.edge.other.example",
    ),
)


def with_orders(below: Path) -> Place:
    """It orders certificates, and an edge is to answer challenges."""
    return keyed(placed(below, site(*ZONES)), "edge1")


def damaged(below: Path) -> Place:
    place = with_an_edge(below)
    for path in (place.paths.site_key, place.paths.edge_key("edge1")):
        Path(path).chmod(0o600)
        Path(path).write_text("x")
    return place


def another_servers(below: Path) -> Place:
    place = with_an_edge(below)
    Path(place.paths.site_mark).write_text("elsewhere.example\n")
    return place


def unreadable_mark(below: Path) -> Place:
    place = with_an_edge(below)
    Path(place.paths.site_mark).write_bytes(b"\xff\x1b[31m\n")
    return place


def standalone(below: Path) -> Place:
    made = some_sites.site(Node.LOOPBACK, peers=(), firewall=False, allow=())
    return keyed(placed(below, replace(made, accepted_doubts=("doubt.not-public",))))


STATES: tuple[Callable[[Path], Place], ...] = (
    *(never_started, without_a_key, with_an_edge, with_orders, damaged, standalone),
    *(another_servers, unreadable_mark),
)


def called() -> list[tuple[str, ...]]:
    looks = [(*it.split(), *ARGUMENTS.get(it, ()), "--json") for it in LOOKS]
    dry = [(*it.split(), *ARGUMENTS.get(it, ()), "--dry-run", "--json") for it in DRY]
    return [*looks, *dry, ("watch",)]


@pytest.mark.parametrize("made", STATES, ids=lambda it: it.__name__)
def test_what_looks_writes_nothing(tmp_path: Path, made: Callable[[Path], Place]) -> None:
    place = made(tmp_path)
    before = as_it_is(tmp_path)
    for ended in looked(place, called()):
        assert ended["writes"] == [], ended
        assert ended["code"] in (0, 1, 2, 3), ended
        programs = {f"{Path(it[0]).name} {' '.join(it[2:3])}".strip() for it in ended["programs"]}
        assert programs <= TELL, ended
        if made is with_an_edge and ended["words"][:2] == ["edge", "list"]:
            assert '"id": "edge1"' in ended["said"]  # also on this disk, where nothing can grow
    assert as_it_is(tmp_path) == before


def looked(place: Place, calls: list[tuple[str, ...]]) -> Iterator[dict[str, Any]]:
    """What became of each call, there."""
    without_state = ("discover", "lab")
    words = [
        [*it, *(() if it[0] in without_state else ("--state", str(place.paths.state)))]
        for it in calls
    ]
    apart = ("unshare", "--net") if os.geteuid() == 0 else ()  # so that nobody is asked in vain
    done = subprocess.run(
        (*apart, sys.executable, "-B", str(ROOT / "tests/looking.py")),
        input=json.dumps(words),
        capture_output=True,
        text=True,
        check=True,
        cwd=place.paths.state,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    yield from map(json.loads, done.stdout.splitlines())


def as_it_is(tree: Path) -> dict[str, tuple[object, ...]]:
    """Every name below, with what would show a change."""
    return {
        str(path): (it.st_mode, it.st_uid, it.st_mtime_ns, it.st_size, it.st_ino)
        for path in sorted((tree, *tree.rglob("*")))
        for it in (path.lstat(),)
    }
