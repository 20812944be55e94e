"""Waiting for the first link to an edge; where home runs, the lab's test does it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from greygate.home.first_link import await_link
from greygate.identity import edge_keys, keys
from greygate.plan.paths import Paths
from greygate.plan.plan import plan_for
from greygate.progress import Silent
from greygate.run.seen import Verdict
from some_homes import home
from some_sites import ENGINE, federating


def test_a_home_that_does_not_run_is_not_waited_for(tmp_path: Path) -> None:
    paths = Paths.below(PurePosixPath(tmp_path / "state"), PurePosixPath(tmp_path / "run"))
    keys.claim(paths, "twinkle.example")
    keys.ensure_keys(paths, accounts=False)
    edge_keys.ensure(paths, ["edge1"])
    site, _plan = federating()
    plan = plan_for(
        site,
        paths=paths,
        address=keys.overlay_address(paths),
        interface="greygate0",
        engine=ENGINE,
        accounts=False,
        edge_keys=edge_keys.public_keys(paths, ["edge1"]),
    )
    reach = await_link(home((site, plan)), plan.edges[0], Silent())
    assert (reach.verdict, reach.cure) == (Verdict.UNKNOWN, "greygate install")
